"""The jobs: from images to a trained, exported, checked and timed network, in a folder that can be resumed from."""

from featherbone.job.fitting import fit as fit
from featherbone.job.training import train_network as train_network

__all__ = ["fit", "train_network"]
