"""Learning from a teacher: its soft targets, and on request its feature maps as hints."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass

import torch

from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Graph, to_json
from featherbone.nn import Model
from featherbone.train.optimize.objective import Objective, cross_entropy
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.run.identity import digest
from featherbone.train.transfer.distillation_loss import Distilling, Regressor
from featherbone.train.transfer.kept_answers import KeptAnswers
from featherbone.train.transfer.parts import last_map, with_maps
from featherbone.train.transfer.teacher import Teacher

PRECISIONS = ("float32", "bfloat16")
VIEWS = 16  # benchmarks/teaching_views.py
MOST_VIEWS = 100_000


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """A teacher, and how much its answers count (Hinton et al., arXiv:1503.02531, section 2).

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).conv(4, 3).norm().act("relu").global_pool().flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> teacher = Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen)
    >>> Distillation(teacher=teacher, temperature=0)
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: temperature is 0; it must be positive (try 4)

        Distillation(teacher=load_model("teacher.safetensors"), temperature=4.0, weight=0.9)

    The loss of an image is (1 - `weight`) · cross entropy with its label + `weight` · T² · KL(teacher ‖ student), both
    softened by the `temperature` T; T² keeps the size of the gradients. The teacher sees the very images that the
    student sees, augmented and mixed at the student's resolution, turned into its own preprocessing and resolution; or
    the same views of larger images, as `objective` says.

    It is asked once about each image of a view, and what it says is kept, in half precision, in the cache: for later
    epochs, and for every other training that shows the same view (`featherbone.train.transfer.kept_answers`). There are
    so many `views`, which the epochs show in turn; with 0 each epoch shows another.

    With a `hint_weight`, ½ · `hint_weight` · the mean squared distance of a feature map from the teacher's is added
    (FitNets, arXiv:1412.6550, section 2.2, where it is a stage of training of its own). A 1×1 regressor, trained with
    the student and dropped in the end, brings the student's channels to the teacher's, and the larger map is pooled to
    the size of the smaller. The maps are the last ones before pooling unless `student_map` and `teacher_map` name
    nodes. Maps are too large to be kept: the teacher is then asked at every step, and each epoch shows another view.

    The teacher's `precision` is `float32` or, by autocast, `bfloat16`, which is faster where the hardware has it.

    Raises `FeatherboneError` for a value outside of its range.
    """

    teacher: Model
    temperature: float = 4.0
    weight: float = 0.9
    views: int = VIEWS
    hint_weight: float = 0.0
    student_map: str = ""
    teacher_map: str = ""
    precision: str = "float32"

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise FeatherboneError(f"temperature is {self.temperature}; it must be positive", hint="try 4")
        if not 0 <= self.weight <= 1:
            raise FeatherboneError(f"the teacher's weight is {self.weight}; it must be from 0 to 1", hint="try 0.9")
        if not 0 <= self.views <= MOST_VIEWS:
            raise FeatherboneError(
                f"views is {self.views}; it must be from 0 (each epoch another) to {MOST_VIEWS}", hint=f"try {VIEWS}"
            )
        if not 0 <= self.hint_weight < math.inf:
            raise FeatherboneError(f"hint_weight is {self.hint_weight}; it must be 0 (off) or more")
        if self.precision not in PRECISIONS:
            raise FeatherboneError(
                f"the teacher's precision is {self.precision!r}; known: {', '.join(PRECISIONS)}",
                hint=did_you_mean(self.precision, PRECISIONS),
            )
        if (self.student_map or self.teacher_map) and not self.hint_weight:
            raise FeatherboneError("a feature map is named, and hint_weight is 0", hint="try hint_weight=1")

    def identity(self, larger: Dataset | None = None) -> str:
        """JSON of all that it does to a run: its settings, a digest of the teacher, and the size of larger images."""
        settings = {name: value for name, value in vars(self).items() if name != "teacher"}
        if larger is not None:
            settings["teacher_resolution"] = larger.resolution
        return json.dumps({"teacher": teacher_digest(self.teacher), **settings})

    def objective(
        self, graph: Graph, recipe: Recipe, dataset: Dataset, *, seed: int, larger: Dataset | None = None
    ) -> Objective:
        """What training `graph` lowers instead of the recipe's loss alone.

        With `larger`, the same images at the teacher's resolution, it is asked about views of these: where a small
        student needs less than the teacher to see, the teacher does not answer what is blurred. All students share its
        answers then, whatever their resolution. It is for a recipe whose augmentation `scales`, without hints.

        Raises `FeatherboneError` where the teacher knows other classes or takes another kind of images, a feature map
        is no node or no map, and for class weights that do not fit.
        """
        maps: tuple[str, ...] = ()
        regressor = None
        teacher_graph = self.teacher.graph
        if self.hint_weight:
            student_map, teacher_map = self.student_map or last_map(graph), self.teacher_map or last_map(teacher_graph)
            maps, teacher_graph = (student_map,), with_maps(teacher_graph, (teacher_map,))
            channels = _channels(graph, student_map), _channels(self.teacher.graph, teacher_map)
            regressor = Regressor(*channels, torch.Generator().manual_seed(seed))
        if larger is not None and (self.hint_weight or not recipe.augment.scales):
            raise FeatherboneError("images at the teacher's resolution need an augmentation that scales, and no hints")
        teacher = Teacher(self.teacher, teacher_graph, dataset, self.precision)
        seen = teacher if larger is None else Teacher(self.teacher, teacher_graph, larger, self.precision)
        asked = f"{teacher_digest(self.teacher)} {self.precision}"
        module = Distilling(
            labels=cross_entropy(recipe, dataset),
            teacher=teacher,
            regressor=regressor,
            temperature=self.temperature,
            weight=self.weight,
            hint_weight=self.hint_weight,
        )
        return Objective(
            loss=module,
            answers=None
            if self.hint_weight
            else KeptAnswers(teacher=seen, identity=asked, views=self.views, images=larger),
            identity=self.identity(larger),
            module=module,
            maps=maps,
        )


def teacher_digest(model: Model) -> str:
    """SHA-256 of all that decides what a model answers: graph, weights, classes and preprocessing, but no names.

    The order of the classes counts, as it is that of the answers.
    """
    parts = [to_json(model.graph.renamed("teacher")), digest(model.weights), json.dumps(model.classes)]
    parts.append(json.dumps(asdict(model.preprocessing)))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _channels(graph: Graph, name: str) -> int:
    shape = graph[name].shape
    if len(shape) != 3:
        raise FeatherboneError(
            f"{name} of {graph.name} is no feature map of channels, height and width", hint="name one that is"
        )
    return int(shape[0])
