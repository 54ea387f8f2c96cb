"""The search job: from images and a budget to a network, with its report."""
