"""What is measured before a run begins: the quickest setting, the learning rate."""
