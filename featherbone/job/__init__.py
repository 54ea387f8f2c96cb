"""The jobs: from images to a trained, exported, checked and timed network, in a folder that can be resumed from."""

from featherbone.job.search.fit import fit as fit
from featherbone.job.training.options import Options as Options
from featherbone.job.training.train import train_network as train_network

__all__ = ["Options", "fit", "train_network"]
