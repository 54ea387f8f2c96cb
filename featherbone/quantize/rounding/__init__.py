"""Weights rounded by what that does to the output of their layer, layer after layer."""
