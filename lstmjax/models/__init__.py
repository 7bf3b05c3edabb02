"""The architectures, one a module; every model is a linen module that is its own configuration."""
