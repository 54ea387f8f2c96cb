"""``featherbone factorize``: the layers of a trained network in cheaper forms."""
