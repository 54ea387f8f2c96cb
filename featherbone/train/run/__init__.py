"""One training run, from its first step to its last, over every interruption."""
