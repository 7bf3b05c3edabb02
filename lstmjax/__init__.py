"""LSTMs in JAX and Flax: six architectures, one recurrent layer, one training loop."""
