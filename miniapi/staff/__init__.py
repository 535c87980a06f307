"""The people of the bureau: accounts, roles, signing in."""
