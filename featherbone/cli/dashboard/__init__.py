"""A search on the screen while it goes on: its designs, its front, what is spent."""
