"""What the bot can do."""
