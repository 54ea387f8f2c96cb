"""Random designs within a budget."""
