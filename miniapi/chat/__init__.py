"""Conversations: the bot over HTTP, its memory and its city."""
