"""A small city whose every step is foretold by a model that knows nothing of the service."""
