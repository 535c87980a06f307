"""The things that happen by themselves, and when."""
