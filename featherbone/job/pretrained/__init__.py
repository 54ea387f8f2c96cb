"""Networks that were trained on other images: read, fine-tuned on these, and cut to a budget, for a search."""
