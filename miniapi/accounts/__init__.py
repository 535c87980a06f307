"""Residents: signing in, phone, identity."""
