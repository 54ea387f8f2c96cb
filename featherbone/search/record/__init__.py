"""What a search has done, on disk, and what is read from it."""
