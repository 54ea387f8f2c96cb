"""A network drawn: as SVG for pages and notebooks, as lines for a terminal, both out of one outline."""
