"""What those who run an installation do by hand: back it up, restore it, look whether all is well."""
