"""Training: one loop, recipes as values, checkpoints that lose nothing, evaluation."""

from featherbone.train.choose import Choice as Choice
from featherbone.train.choose import candidates as candidates
from featherbone.train.choose import choose as choose
from featherbone.train.distillation import Distillation as Distillation
from featherbone.train.evaluate import Evaluation as Evaluation
from featherbone.train.evaluate import evaluate as evaluate
from featherbone.train.finetune import Start as Start
from featherbone.train.finetune import start_from as start_from
from featherbone.train.finetune import with_new_head as with_new_head
from featherbone.train.loop import train as train
from featherbone.train.lr_finder import RangeTest as RangeTest
from featherbone.train.lr_finder import find_learning_rate as find_learning_rate
from featherbone.train.objective import Objective as Objective
from featherbone.train.recipe import Recipe as Recipe
from featherbone.train.recipe_file import read_recipe as read_recipe
from featherbone.train.recipe_file import to_toml as to_toml
from featherbone.train.recipes import RECIPES as RECIPES
from featherbone.train.recipes import recipe_comments as recipe_comments
from featherbone.train.recipes import recipe_named as recipe_named
from featherbone.train.setting import Setting as Setting
from featherbone.train.suited import default_recipe as default_recipe
from featherbone.train.training import Progress as Progress
from featherbone.train.training import Training as Training

__all__ = [
    "RECIPES",
    "Choice",
    "Distillation",
    "Evaluation",
    "Objective",
    "Progress",
    "RangeTest",
    "Recipe",
    "Setting",
    "Start",
    "Training",
    "candidates",
    "choose",
    "default_recipe",
    "evaluate",
    "find_learning_rate",
    "read_recipe",
    "recipe_comments",
    "recipe_named",
    "start_from",
    "to_toml",
    "train",
    "with_new_head",
]
