"""The jobs: from images to a trained, exported, checked and timed network, in a folder that can be resumed from."""

from featherbone.job.fitting import fit as fit
from featherbone.job.training import train_network as train_network
from featherbone.job.training_options import Options as Options

__all__ = ["Options", "fit", "train_network"]
