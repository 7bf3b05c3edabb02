"""Training: the state, one step, the loop around it, and the order of examples."""
