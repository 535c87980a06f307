"""Migrations, one idea each, in the order of their numbers."""
