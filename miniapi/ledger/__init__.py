"""Public money: accounts, double entries, balances."""
