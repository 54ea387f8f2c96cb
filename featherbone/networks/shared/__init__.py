"""What the networks share: their two ends, residual stages, the rounding of widths, settings as text."""
