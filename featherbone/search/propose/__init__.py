"""Which designs to train next."""
