"""Claiming vouchers and keeping them in a wallet."""
