"""Paying shops what they advanced, and getting back what they owe."""
