"""Published experiments, run again: what `make papers` does."""
