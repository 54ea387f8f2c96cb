"""How many views of each image a teacher must be asked about, and what its kept answers cost beside plain training.

    python benchmarks/teaching_views.py cifar10 --data cifar10.zip --teacher cifar10_resnet20.safetensors
    python benchmarks/teaching_views.py flowers --data flowers.zip --teacher efficientnet-lite0.pth
    python benchmarks/teaching_views.py cost --data cifar10.zip --teacher cifar10_resnet20.safetensors

Students learn from a few images, where a teacher helps most, by the answers alone (weight 1) or by half. Every seed is
trained without a teacher, and with 1, 4 and 16 views and another one every epoch; all else is the same. What is
reported is top-1 on the whole test split. The teacher of flowers is EfficientNet-Lite0 with a new last layer, trained
on the same images, the rest as it came from ImageNet. A run that is finished is kept in a file of its own and not run
again; one that was stopped goes on.

``cost`` times epochs of the same student with and without a teacher whose answers are kept, in turns, by the time that
this process computes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from machine import describe

import featherbone
from featherbone.data import Dataset, Split, open_dataset
from featherbone.data.augment import Augment
from featherbone.graph import Graph
from featherbone.networks import network
from featherbone.nn import Model, module_with
from featherbone.train import Distillation, Execution, Recipe, Setting, evaluate, start_from, train
from featherbone.train.optimize.objective import Objective

VIEWS = (1, 4, 16, 0)  # 0: another view every epoch
SETTING = Setting(fused=True, threads=1)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A data set, its teacher and its student."""

    resolution: int
    images: int  # to train on
    student: str
    recipe: Recipe


CASES = {
    "cifar10": Case(
        resolution=32,
        images=2000,
        student="mlperf_tiny_resnet8:width=0.5",
        recipe=Recipe(
            epochs=40,
            batch_size=64,
            learning_rate=0.1,
            weight_decay=5e-4,
            warmup_epochs=2,
            ema_decay=0.98,
            clip=5.0,
            augment=Augment(pad=4, flip=True),
        ),
    ),
    "flowers": Case(
        resolution=64,
        images=500,
        student="mobilenet_v1:width=0.25,classes=5,resolution=64",
        recipe=Recipe(
            epochs=60,
            batch_size=32,
            learning_rate=0.05,
            weight_decay=5e-4,
            warmup_epochs=3,
            ema_decay=0.95,
            clip=5.0,
            augment=Augment(resized_crop=0.4, flip=True),
        ),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=(*CASES, "cost"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True, help="weights")
    parser.add_argument("--out", type=Path, default=Path("runs/teaching_views"))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=None, help="instead of the case's")
    parser.add_argument("--weight", type=float, default=0.9, help="of the teacher's answers")
    parser.add_argument("--pairs", type=int, default=6, help="of epochs, for cost")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("featherbone", "torch"), flush=True)
    name = "cifar10" if arguments.what == "cost" else arguments.what
    case = CASES[name]
    case = replace(case, recipe=case.recipe.with_epochs(arguments.epochs or case.recipe.epochs))
    dataset = fewer(open_dataset(arguments.data, resolution=case.resolution), case.images)
    model, dataset = taught_by(name, arguments.teacher, dataset, arguments.out)
    graph = network(case.student)
    print(f"images    {case.images:,} to train on, {case.resolution}×{case.resolution}")
    print(f"teacher   {model.graph.name}, test top-1 {100 * top1(model.graph, dict(model.weights), dataset):.2f} %")
    print(f"student   {case.student}, {case.recipe.epochs} epochs, weight {arguments.weight:g}, one thread", flush=True)
    if arguments.what == "cost":
        print(cost(graph, dataset, case.recipe, model, arguments.out / "cost", arguments.pairs))
        return
    found: dict[int | None, list[float]] = {}
    for views in (None, *VIEWS):
        for seed in range(arguments.seeds):
            folder = arguments.out / f"{name}-{case.recipe.epochs}-{arguments.weight:g}-{views}-{seed}"
            score = kept_score(folder, graph, dataset, case.recipe, taught(model, views, arguments.weight), seed)
            found.setdefault(views, []).append(score)
        print(f"{words(views):28} {told(found[views])}", flush=True)


def words(views: int | None) -> str:
    if views is None:
        return "no teacher"
    return f"{views} view{'s' * (views > 1)}" if views else "another view every epoch"


def told(scores: list[float]) -> str:
    return f"{100 * statistics.fmean(scores):.2f} %  ({', '.join(f'{100 * score:.2f}' for score in scores)})"


def taught(model: Model, views: int | None, weight: float) -> Distillation | None:
    return None if views is None else Distillation(teacher=model, weight=weight, views=views)


def fewer(dataset: Dataset, images: int) -> Dataset:
    """The data set with the first so many training images of a fixed shuffle, and few to validate on."""
    splits = dict(dataset.splits)
    splits["train"], splits["val"] = _some(splits["train"], images), _some(splits["val"], min(images, 500))
    return replace(dataset, splits=splits, fingerprint=f"{dataset.fingerprint}, {images} images")


def _some(split: Split, count: int) -> Split:
    order = torch.randperm(len(split.labels), generator=torch.Generator().manual_seed(0))[:count].sort().values.numpy()
    return Split(images=split.images[order], labels=split.labels[order], paths=tuple(split.paths[i] for i in order))


def taught_by(name: str, weights: Path, dataset: Dataset, out: Path) -> tuple[Model, Dataset]:
    """The teacher, and the data set as it is shown; a last layer that is new is trained first."""
    if name == "cifar10":
        return featherbone.load("cifar_resnet20", weights, classes=dataset.classes), dataset
    model = featherbone.load("efficientnet_lite0", weights)
    start = start_from(model, dataset)
    recipe = Recipe(
        epochs=12, batch_size=32, learning_rate=0.05, freeze="backbone", augment=Augment(resized_crop=0.4, flip=True)
    )
    done = train(
        start.graph,
        start.dataset,
        recipe,
        folder=out / "teacher",
        seed=0,
        weights=start.weights,
        execution=Execution(setting=SETTING),
    )
    preprocessing = replace(model.preprocessing, resolution=dataset.resolution)
    own = Model(graph=start.graph, weights=done.weights, classes=dataset.classes, preprocessing=preprocessing)
    return own, start.dataset


def kept_score(
    folder: Path, graph: Graph, dataset: Dataset, recipe: Recipe, teaching: Distillation | None, seed: int
) -> float:
    """Test top-1 of one student, out of its file where it was trained before."""
    path = folder.parent / f"{folder.name}.json"
    if not path.exists():
        objective = None if teaching is None else teaching.objective(graph, recipe, dataset, seed=seed)
        execution = Execution(setting=SETTING)
        done = train(graph, dataset, recipe, folder=folder, seed=seed, objective=objective, execution=execution)
        path.write_text(json.dumps({"top1": top1(graph, dict(done.weights), dataset)}))
    return float(json.loads(path.read_text())["top1"])


def top1(graph: Graph, weights: dict[str, torch.Tensor], dataset: Dataset) -> float:
    return evaluate(module_with(graph, weights), dataset.splits["test"], dataset).top1


def cost(graph: Graph, dataset: Dataset, recipe: Recipe, model: Model, folder: Path, pairs: int) -> str:
    """Seconds of an epoch with kept answers over one without, as the median of pairs that follow each other."""
    objectives = {
        "plain": None,
        "taught": Distillation(teacher=model, views=1).objective(graph, recipe, dataset, seed=0),
    }
    for number in range(2):  # the answers are made, and the kernels are warm
        for name, objective in objectives.items():
            _epoch(graph, dataset, recipe, folder / f"{name}-warm-{number}-{time.time_ns()}", objective)
    ratios = []
    for number in range(pairs):
        order = list(objectives)[:: 1 if number % 2 else -1]
        seconds = {
            name: _epoch(graph, dataset, recipe, folder / f"{name}-{number}-{time.time_ns()}", objectives[name])
            for name in order
        }
        ratios.append(seconds["taught"] / seconds["plain"])
        print(f"pair {number + 1}    {seconds['plain']:.2f} s plain, {seconds['taught']:.2f} s taught", flush=True)
    return f"an epoch with kept answers takes {statistics.median(ratios):.3f} times as long (median of {pairs} pairs)"


def _epoch(graph: Graph, dataset: Dataset, recipe: Recipe, folder: Path, objective: Objective | None) -> float:
    """Seconds of one epoch with its validation, as this process computes them."""
    began = time.process_time()
    execution = Execution(setting=SETTING, until_epoch=1)
    train(graph, dataset, recipe, folder=folder, seed=0, objective=objective, execution=execution)
    return time.process_time() - began


if __name__ == "__main__":
    main()
