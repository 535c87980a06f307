"""The shops and recyclers that take part, and the collection points."""
