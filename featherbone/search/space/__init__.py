"""Designs: a value, a line of text, a row of integers; and the spaces that say which there are."""
