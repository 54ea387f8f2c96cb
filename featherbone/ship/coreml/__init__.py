"""Core ML as a target: converted here, run on Apple's systems alone."""
