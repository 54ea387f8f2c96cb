"""How to train, as a value: its fields, its files, the recipes by name."""
