"""Drops: when how many vouchers are given out."""
