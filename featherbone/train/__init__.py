"""Training: one loop, recipes as values, checkpoints that lose nothing, evaluation."""

from featherbone.train.machine.setting import Setting as Setting
from featherbone.train.optimize.objective import Objective as Objective
from featherbone.train.recipe.file import read_recipe as read_recipe
from featherbone.train.recipe.file import to_toml as to_toml
from featherbone.train.recipe.named import RECIPES as RECIPES
from featherbone.train.recipe.named import recipe_comments as recipe_comments
from featherbone.train.recipe.named import recipe_named as recipe_named
from featherbone.train.recipe.recipe import Recipe as Recipe
from featherbone.train.recipe.suited import default_recipe as default_recipe
from featherbone.train.run.evaluate import Evaluation as Evaluation
from featherbone.train.run.evaluate import evaluate as evaluate
from featherbone.train.run.execution import Execution as Execution
from featherbone.train.run.loop import train as train
from featherbone.train.run.training import Training as Training
from featherbone.train.run.training import TrainingProgress as TrainingProgress
from featherbone.train.transfer.distillation import Distillation as Distillation
from featherbone.train.transfer.finetune import Start as Start
from featherbone.train.transfer.finetune import start_from as start_from
from featherbone.train.transfer.finetune import with_new_head as with_new_head
from featherbone.train.tuning.learning_rate_test import RangeTest as RangeTest
from featherbone.train.tuning.learning_rate_test import RateRange as RateRange
from featherbone.train.tuning.learning_rate_test import find_learning_rate as find_learning_rate
from featherbone.train.tuning.setting_choice import Choice as Choice
from featherbone.train.tuning.setting_choice import candidates as candidates
from featherbone.train.tuning.setting_choice import choose as choose

__all__ = [
    "RECIPES",
    "Choice",
    "Distillation",
    "Evaluation",
    "Execution",
    "Objective",
    "RangeTest",
    "RateRange",
    "Recipe",
    "Setting",
    "Start",
    "Training",
    "TrainingProgress",
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
