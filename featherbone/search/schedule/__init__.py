"""Which trial is trained next, how far, and when the search has spent what it may."""
