"""Networks trained on CIFAR-10 by ``featherbone train``, and by the loop that people write, on the same schedule.

    python benchmarks/train_cifar.py --data ../shared/data/cifar10.zip --epochs 30 > benchmarks/results/train_cifar.txt
    python benchmarks/train_cifar.py --data ../shared/data/cifar10.zip --epochs 30 --plain cifar_resnet20

The data are CIFAR-10 as ``…/{train,test}/CLASS/*.png`` in a zip archive or a folder. Each network is trained by the
command that is printed; top-1 is that of its last weights on the 10,000 test images, which are read once. Stopped, a
run goes on where it was. Seconds are those of the epochs, evaluation on the validation split included.

``--plain`` trains each network by a loop in plain PyTorch as well: the same graph as a module, the same training
images, batch, number of epochs, highest learning rate, warm-up, weight decay and label smoothing; SGD with Nesterov
momentum and a cosine schedule; channels_last, float32; a crop from 4 pixels of border and a mirror, drawn for each
image. What differs then is ours alone: the moving average of the weights, weight decay off for norms, biases and
depthwise kernels, clipping, the precision, and how steps are computed.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
import time
from pathlib import Path

import torch
from machine import describe
from torch import Tensor, nn
from torch.nn import functional

from featherbone.data import Dataset, open_dataset
from featherbone.graph import from_json
from featherbone.job import train_network
from featherbone.metrics import wilson_interval
from featherbone.nn import module
from featherbone.progress import Noticed, Progress, Trained
from featherbone.train import Recipe

NETWORKS = (
    "mlperf_tiny_resnet8",
    "cifar_resnet20",
    "mobilenet_v2:small=true",
    "shufflenet_v2:small=true",
    "squeezenet1_1:small=true",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data/cifar10.zip")
    parser.add_argument("--out", type=Path, default=Path("runs/train_cifar"), help="where the run folders are")
    parser.add_argument("networks", nargs="*", default=NETWORKS, metavar="NETWORK", help="these, with their settings")
    parser.add_argument("--recipe", help="as for featherbone train")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--lr", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--plain", action="store_true", help="the loop that people write, too")
    arguments = parser.parse_args()
    print(describe("featherbone", "torch"), flush=True)
    for network in arguments.networks:
        folder = ours(network, arguments)
        if arguments.plain:
            plain(folder, arguments)


def ours(network: str, arguments: argparse.Namespace) -> Path:
    """Train a network by the real job, and tell what came of it; its run folder."""
    folder = train_network(
        arguments.data,
        network,
        out=arguments.out / network.partition(":")[0],
        recipe=arguments.recipe,
        epochs=arguments.epochs,
        learning_rate=arguments.lr,
        seed=arguments.seed,
        device=arguments.device,
        precision=arguments.precision,
        progress=watcher(network),
    )
    facts = json.loads((folder / "run.json").read_text())
    result = facts["result"]
    print(f"{network}: {result['macs']:,} multiply-adds, {result['params']:,} parameters")
    print(f"  command   {shlex.join(facts['command'])}")
    print(f"  setting   {facts['setting']['sentence']}")
    tell("featherbone", result["confusion"], result["epochs"], result["seconds"])
    return folder


def tell(name: str, confusion: list[list[int]], epochs: int, seconds: float) -> None:
    right, count = sum(row[place] for place, row in enumerate(confusion)), sum(map(sum, confusion))
    low, high = wilson_interval(right, count)
    print(
        f"  {name:11} {100 * right / count:.2f} % top-1 of {count:,} test images, 95 % interval {100 * low:.2f} to "
        f"{100 * high:.2f} %; {epochs} epochs in {seconds:,.0f} s",
        flush=True,
    )


def watcher(network: str) -> Progress:
    """What happens goes to the error stream, so that the result can be kept by itself."""

    def watch(event: object, /) -> None:
        if isinstance(event, Noticed):
            print(f"{network}: {event.sentence}", file=sys.stderr, flush=True)
        elif isinstance(event, Trained) and "val_top1" in event.metrics:
            print(network, dict(event.metrics), file=sys.stderr, flush=True)

    return watch


def plain(folder: Path, arguments: argparse.Namespace) -> None:
    """Train the network of a run by the loop that people write, and tell what came of it."""
    facts = json.loads((folder / "run.json").read_text())
    recipe, device = Recipe.from_dict(facts["recipe"]), facts["setting"]["device"]
    if (recipe.optimizer, recipe.schedule) != ("sgd", "cosine"):
        raise SystemExit(
            f"the plain loop has SGD and a cosine; the recipe has {recipe.optimizer} and {recipe.schedule}"
        )
    dataset = open_dataset(arguments.data, seed=arguments.seed)
    torch.manual_seed(arguments.seed)
    network = module(from_json((folder / "network.json").read_text()), seed=arguments.seed).to(device).train()
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=recipe.weight_decay,
    )
    images, labels = tensors(dataset, "train")
    steps = math.ceil(len(images) / recipe.batch_size)
    warm, all_steps = recipe.warmup_epochs * steps, facts["result"]["epochs"] * steps

    def share(step: int) -> float:
        return (step + 1) / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / (all_steps - warm))) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    started = time.perf_counter()
    for epoch in range(facts["result"]["epochs"]):
        total = 0.0
        for place in torch.randperm(len(images)).split(recipe.batch_size):
            scores = network(augmented(images[place]).to(device, memory_format=torch.channels_last))
            loss = functional.cross_entropy(scores, labels[place].to(device), label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"plain epoch {epoch + 1}: loss {total / steps:.4f}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    tell("plain", confusion_of(network.eval(), dataset, device), facts["result"]["epochs"], seconds)


def tensors(dataset: Dataset, split: str) -> tuple[Tensor, Tensor]:
    """All images of a split, normalised, in memory as float32, (N, 3, 32, 32)."""
    chosen = dataset.splits[split]
    images = torch.from_numpy(chosen.images.copy()).permute(0, 3, 1, 2).float().div_(255)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (dataset.mean, dataset.std))
    return images.sub_(mean).div_(std).contiguous(), torch.from_numpy(chosen.labels.copy())


def augmented(images: Tensor) -> Tensor:
    """Each image cropped from a border of 4 pixels, and mirrored half of the time."""
    padded = functional.pad(images, (4, 4, 4, 4))
    tops, lefts = torch.randint(0, 9, (2, len(images))).tolist()
    mirrored = torch.rand(len(images)) < 0.5
    crops = [
        image[:, top : top + images.shape[2], left : left + images.shape[3]]
        for image, top, left in zip(padded, tops, lefts, strict=True)
    ]
    return torch.stack([crop.flip(2) if mirror else crop for crop, mirror in zip(crops, mirrored, strict=True)])


@torch.no_grad()
def confusion_of(network: nn.Module, dataset: Dataset, device: str) -> list[list[int]]:
    images, labels = tensors(dataset, "test")
    classes = len(dataset.classes)
    matrix = torch.zeros(classes * classes, dtype=torch.int64)
    for batch, true in zip(images.split(500), labels.split(500), strict=True):
        predicted = network(batch.to(device)).argmax(dim=1).cpu()
        matrix += torch.bincount(true * classes + predicted, minlength=classes * classes)
    rows: list[list[int]] = matrix.reshape(classes, classes).tolist()
    return rows


if __name__ == "__main__":
    main()
