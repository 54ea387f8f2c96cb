"""The packing job: from a trained network and images to the smallest file that answers as well as is asked."""
