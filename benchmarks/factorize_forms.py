"""ResNet-20 and ResNet-56 factorized into each form of the review, at equal multiply-adds and without a label.

    python benchmarks/factorize_forms.py --data cifar10.zip --weights FOLDER

The weights are those of ``cifar_weights.py``. Each network is factorized in one shot: ranks are chosen over all layers
so that the errors of the layers add up to least, the factors lose least of what the layers write for training images,
and what is left is mended by least squares on the same images. The last row of each table may take another form for
each layer. The second table says what a layer at half its multiply-adds loses in each form, on average over each stage.
"""

from __future__ import annotations

import argparse
import io
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from cifar_weights import MEAN, STD, cifar_resnet_name, read_test_images
from machine import describe
from PIL import Image

from featherbone.cost import count
from featherbone.networks import network
from featherbone.nn import load_foreign, module_with, read_foreign_tensors
from featherbone.rewrite import TrainedGraph, fold
from featherbone.rewrite.factorizing import (
    FORMS,
    FormTable,
    applied,
    at_points,
    at_share,
    moments_of,
    tabulate,
    within,
    written_channels,
)
from featherbone.rewrite.factorizing.layer import layers_of
from featherbone.rewrite.mending.mend import mend
from featherbone.rewrite.mending.moments import Moments

ANY = "any of them"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A folded network, training images without labels, what its layers read of them, the test set, and the budgets."""

    network: TrainedGraph
    images: torch.Tensor
    moments: Mapping[str, Moments]
    test: tuple[torch.Tensor, torch.Tensor]
    shares: tuple[float, ...]
    forms: tuple[str, ...]

    @property
    def macs(self) -> int:
        return int(count(self.network.graph).macs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cifar10.zip"))
    parser.add_argument("--weights", type=Path, default=Path("../shared/data"))
    parser.add_argument("--images", type=int, default=1024, help="of training")
    parser.add_argument("--points", type=int, default=8, help="ranks that are tried for each layer and form")
    parser.add_argument("--depths", default="20,56")
    parser.add_argument("--shares", default="0.8,0.6", help="of the multiply-adds that are left")
    parser.add_argument("--forms", default=",".join(FORMS), help="of each of which there is a row")
    parser.add_argument("--unmended", action="store_true", help="also test what is not mended")
    parser.add_argument("--every", type=int, default=1, help="test by each so-manieth image only")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "numpy", "pillow"))
    images = read_training_images(arguments.data, arguments.images)
    test = read_test_images(arguments.data, arguments.every)
    shares = tuple(map(float, arguments.shares.split(",")))
    for depth in map(int, arguments.depths.split(",")):
        folded, moments = folded_network(depth, arguments.weights, images)
        forms = tuple(arguments.forms.split(","))
        subject = Subject(network=folded, images=images, moments=moments, test=test, shares=shares, forms=forms)
        compare(subject, arguments.points, arguments.unmended)


def folded_network(depth: int, weights: Path, images: torch.Tensor) -> tuple[TrainedGraph, dict[str, Moments]]:
    """The network without norms, and what its convolutions read of the images."""
    graph = network(f"cifar_resnet{depth}")
    tensors = read_foreign_tensors(weights / f"cifar10_resnet{depth}.safetensors")
    folded = fold(graph, load_foreign(graph, tensors, cifar_resnet_name))
    layers = [name for name in layers_of(folded.graph) if folded.graph[name].shape[1:]]
    return folded, moments_of(folded, images, layers)


def compare(subject: Subject, points: int, unmended: bool) -> None:
    """Both tables of one network."""
    name, layers = subject.network.graph.name, list(subject.moments)
    print(f"{name}  {subject.macs / 1e6:.1f} M multiply-adds  test top-1 {top1(subject.network, subject):.2f} %\n")
    say("form", "MACs", "layers", "errors", "not mended", "top-1, mended", "seconds")
    tables: list[FormTable] = []
    for form in subject.forms:
        start = time.perf_counter()
        tables.append(tabulate(subject.network, layers, [form], at_points(points), subject.moments))
        one_form(form, tables[-1], subject, time.perf_counter() - start, unmended)
    everything = FormTable(tried=tuple(each for table in tables for each in table.tried), left=())
    if len(subject.forms) > 1:
        one_form(ANY, everything, subject, 0.0, unmended)
    print()
    by_stage(subject, layers)


def one_form(form: str, table: FormTable, subject: Subject, spent: float, unmended: bool) -> None:
    """The rows of a form: one for each budget."""
    for share in subject.shares:
        start = time.perf_counter()
        limit = int(share * subject.macs)
        least = subject.macs - sum(
            max(one.saved for one in table.of(layer)) for layer in {t.layer for t in table.tried}
        )
        if least > limit:
            say(form, f"{least / 1e6:.1f} M at least")
            continue
        chosen = within(subject.network, table, limit, subject.moments)
        changed = applied(subject.network, chosen, subject.moments)
        kept = written_channels(subject.network.graph, changed.graph)
        mended = mend(subject.network, changed, subject.images, kept=kept).network
        say(
            form,
            f"{count(changed.graph).macs / 1e6:.1f} M",
            str(len(chosen)),
            f"{sum(each.error for each in chosen):.3f}",
            f"{top1(changed, subject):.2f} %" if unmended else "",
            f"{top1(mended, subject):.2f} %",
            f"{time.perf_counter() - start + spent:.0f}",
        )
        spent = 0.0


def by_stage(subject: Subject, layers: Sequence[str]) -> None:
    """What a layer loses in each form at half its multiply-adds, as a share of the variance of what it writes."""
    stages = sorted({layer.partition(".")[0] for layer in layers} - {"stem"})
    say("at half the MACs", *stages)
    for form in subject.forms:
        table = tabulate(subject.network, layers, [form], at_share(0.5), subject.moments)
        means = []
        for stage in stages:
            errors = [each.error for each in table.tried if each.layer.startswith(stage)]
            means.append(f"{100 * float(np.mean(errors)):.1f} %" if errors else "none")
        say(form, *means)
    print()


def say(first: str, *rest: str) -> None:
    print(f"{first:18}" + "".join(f"{each:>19}" for each in rest), flush=True)


def top1(trained: TrainedGraph, subject: Subject) -> float:
    net = module_with(*trained).eval()
    images, labels = subject.test
    with torch.inference_mode():
        found = torch.cat([net(batch).argmax(1) for batch in images.split(250)])
    return 100 * float((found == labels).double().mean())


def read_training_images(archive: Path, wanted: int) -> torch.Tensor:
    """So many training images, equally many of each class, normalised as the weights' source does."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if "/train/" in name and name.endswith(".png"))
        chosen = [names[place] for place in np.linspace(0, len(names) - 1, wanted).astype(int)]
        pixels = np.stack([np.asarray(Image.open(io.BytesIO(file.read(name))).convert("RGB")) for name in chosen])
    order = np.random.default_rng(0).permutation(wanted)  # a fit is judged by the last ones: they need all classes
    images = torch.from_numpy(pixels[order]).permute(0, 3, 1, 2).float() / 255
    return (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


if __name__ == "__main__":
    main()
