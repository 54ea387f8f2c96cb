"""Which channels to cut: what the loss of each does to the output, and what it saves."""
