"""The pruning job: from a trained network and images to one that keeps a budget."""
