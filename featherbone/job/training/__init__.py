"""The training job: from images and a network to a trained model, with its report."""
