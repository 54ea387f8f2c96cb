"""``featherbone cost``: its tables and files, the gate of a budget, and why tools disagree."""
