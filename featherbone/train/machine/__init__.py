"""How this machine computes training steps."""
