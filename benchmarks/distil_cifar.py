"""ResNet-56 teaches ResNet-8 on CIFAR-10: the student's top-1 with the teacher against the same runs without.

    python benchmarks/distil_cifar.py --data cifar10.zip --teacher cifar10_resnet56.safetensors

The data are CIFAR-10 as ``…/{train,test}/CLASS/*.png`` in a zip archive or a folder. The teacher's weights are those of
akamaster/pytorch_resnet_cifar10 as safetensors, or any for ``cifar_resnet56``. Every seed is trained twice, with and
without the teacher, all else the same; what is reported is the mean over seeds on the test split, its standard error,
and that of the difference of the pairs. Stopped, it goes on where it was. The teacher computes 125.5 M multiply-adds an
image, ten times the student's: a forward pass of it for each step of the student's forward and backward.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from machine import describe

import featherbone
from featherbone.data import Dataset, Split, open_dataset
from featherbone.networks import network
from featherbone.nn import Model, module_with
from featherbone.train import Distillation, Execution, Recipe, Setting, TrainingProgress, evaluate, recipe_named, train

TEACHER, STUDENT = "cifar_resnet56", "mlperf_tiny_resnet8"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Test top-1 of one seed."""

    alone: float
    taught: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True, help="weights of cifar_resnet56")
    parser.add_argument("--out", type=Path, default=Path("runs/distil_cifar"))
    parser.add_argument("--recipe", default="cifar10-small")
    parser.add_argument("--epochs", type=int, default=None, help="instead of the recipe's")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--temperature", type=float, default=4.0)
    parser.add_argument("--weight", type=float, default=0.9, help="of the teacher's answers")
    parser.add_argument("--hint-weight", type=float, default=0.0)
    parser.add_argument("--teacher-precision", default="bfloat16", choices=("float32", "bfloat16"))
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--images", type=int, default=None, help="train on so many, for a check of the script")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    dataset = fewer(open_dataset(arguments.data), arguments.images)
    recipe = recipe_named(arguments.recipe)
    recipe = recipe.with_epochs(arguments.epochs or recipe.epochs)
    model = featherbone.load(TEACHER, arguments.teacher, classes=dataset.classes)
    distillation = Distillation(
        teacher=model,
        temperature=arguments.temperature,
        weight=arguments.weight,
        hint_weight=arguments.hint_weight,
        precision=arguments.teacher_precision,
    )
    print(describe("featherbone", "torch"), flush=True)
    print(f"data      {len(dataset.splits['train'].labels):,} images to train on, {arguments.threads} threads")
    print(f"teacher   {TEACHER}, test top-1 {100 * teacher_top1(model, dataset, arguments.device):.2f} %")
    print(f"student   {STUDENT}, recipe {arguments.recipe}, {recipe.epochs} epochs, {arguments.precision}")
    print(
        f"teaching  temperature {arguments.temperature:g}, weight {arguments.weight:g}, "
        f"hints {arguments.hint_weight:g}, teacher in {arguments.teacher_precision}"
    )
    pairs = []
    for seed in range(arguments.seeds):
        scores = [
            run(dataset, recipe, seed, teacher, arguments.out / f"{name}-{seed}", arguments)
            for name, teacher in (("alone", None), ("taught", distillation))
        ]
        pairs.append(Pair(alone=scores[0], taught=scores[1]))
        print(f"seed {seed}    alone {100 * scores[0]:.2f} %, taught {100 * scores[1]:.2f} %", flush=True)
    print(report(pairs))


def fewer(dataset: Dataset, images: int | None) -> Dataset:
    """The data set with the first so many training images of a fixed shuffle, and half as many to test."""
    if images is None:
        return dataset
    splits = {name: _some(split, images if name == "train" else images // 2) for name, split in dataset.splits.items()}
    return replace(dataset, splits=splits, fingerprint=f"{dataset.fingerprint}, {images} images")


def _some(split: Split, count: int) -> Split:
    order = torch.randperm(len(split.labels), generator=torch.Generator().manual_seed(0))[:count].sort().values.numpy()
    return Split(images=split.images[order], labels=split.labels[order], paths=tuple(split.paths[i] for i in order))


def teacher_top1(model: Model, dataset: Dataset, device: str) -> float:
    own = replace(dataset, mean=model.preprocessing.mean, std=model.preprocessing.std)
    return evaluate(model.module().to(device), own.splits["test"], own, device=device).top1


def run(
    dataset: Dataset,
    recipe: Recipe,
    seed: int,
    distillation: Distillation | None,
    folder: Path,
    arguments: argparse.Namespace,
) -> float:
    """Test top-1 of one student."""
    graph = network(STUDENT)
    objective = None if distillation is None else distillation.objective(graph, recipe, dataset, seed=seed)

    def watch(event: TrainingProgress) -> None:
        if event.is_epoch_end:
            row = event.metrics
            print(
                folder.name, row["epoch"], f"{row['val_top1']:.4f}", f"{row['seconds']} s", file=sys.stderr, flush=True
            )

    setting = Setting(precision=arguments.precision, threads=arguments.threads, fused=arguments.precision == "bfloat16")
    training = train(
        graph,
        dataset,
        recipe,
        folder=folder,
        seed=seed,
        objective=objective,
        execution=Execution(setting=setting, device=arguments.device, progress=watch),
    )
    net = module_with(graph, training.weights).to(arguments.device)
    return evaluate(net, dataset.splits["test"], dataset, device=arguments.device).top1


def report(pairs: list[Pair]) -> str:
    """Means and standard errors in percent."""
    lines = []
    gains = [pair.taught - pair.alone for pair in pairs]
    for name, values in (
        ("alone", [pair.alone for pair in pairs]),
        ("taught", [pair.taught for pair in pairs]),
        ("gain", gains),
    ):
        error = f"± {100 * statistics.stdev(values) / math.sqrt(len(values)):.2f}" if len(values) > 1 else "(one seed)"
        lines.append(f"{name:9} {100 * statistics.fmean(values):.2f} % {error}, {len(values)} seeds")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
