"""Training: one loop, recipes as values, checkpoints that lose nothing, evaluation."""

from featherbone.train.evaluate import Evaluation as Evaluation
from featherbone.train.evaluate import evaluate as evaluate
from featherbone.train.loop import train as train
from featherbone.train.objective import Objective as Objective
from featherbone.train.recipe import Recipe as Recipe
from featherbone.train.recipes import CIFAR_SHORT as CIFAR_SHORT
from featherbone.train.recipes import DIGITS as DIGITS
from featherbone.train.recipes import default_recipe as default_recipe
from featherbone.train.setting import Setting as Setting
from featherbone.train.training import Progress as Progress
from featherbone.train.training import Training as Training

__all__ = [
    "CIFAR_SHORT",
    "DIGITS",
    "Evaluation",
    "Objective",
    "Progress",
    "Recipe",
    "Setting",
    "Training",
    "default_recipe",
    "evaluate",
    "train",
]
