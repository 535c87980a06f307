"""A city's trade-in programme: its policy pack plus what the bureau decides."""
