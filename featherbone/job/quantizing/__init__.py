"""The quantizing job: from a trained network and images to one in integers that is as good."""
