"""Cuts of pretrained networks as designs that a search may try."""
