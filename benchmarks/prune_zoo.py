"""Every network of the zoo pruned to half its multiply-adds by the job of ``featherbone prune``.

    python benchmarks/prune_zoo.py [--only NAME] > benchmarks/results/prune_zoo.txt

Each network has ten classes, random weights and the smallest resolution that it can be built for, and its multiply-adds
are counted as it ships, with branches merged; the images are forty
squares of two colours that the script draws. A network passes where

- the law of ``narrow`` holds for a random cut of it: what is left computes what the network with those channels masked
  computes (the largest difference, relative to the largest output, is the column `law`);
- the job ends, and what it wrote has at most half of the multiply-adds when it is loaded again;
- the ONNX file was verified against the model (the column `verified` is the largest difference as a share of what is
  allowed).

The answers mean nothing, so that no accuracy is shown. A line for each network as it is done, with the seconds of
processor time that it took, on one core.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from machine import describe
from PIL import Image

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, channel_sets
from featherbone.job import PruneRequest, run_prune
from featherbone.networks import NETWORKS
from featherbone.nn import Model, Preprocessing, load_model, save_model
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import narrow, reparameterize
from featherbone.run_file import read_record
from featherbone.search import Budget

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "helpers"))
from narrowing import check_law, lively_weights, random_cut, smallest

CLASSES, EACH, SIDE = 10, 8, 32
IMAGES = 32  # that channels are weighed and layers fitted by
TOLERANCE = 1e-5


class PrunedRow(NamedTuple):
    """What was found of one network: ``law`` and ``verified`` as on the page, ``seconds`` of a core."""

    resolution: int
    resolution_after: int
    before: int
    after: int
    dropped: int
    law: float
    verified: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=NETWORKS, action="append")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "onnxruntime", "numpy"))
    print(
        f"\n{'network':24}{'side':>6}{'after':>7}{'MACs':>12}{'after':>12}{'blocks':>8}{'law':>10}{'verified':>10}{'seconds':>9}"
    )
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        photos = photographs(Path(folder) / "photos")
        for name in given.only or NETWORKS:
            try:
                print(line(name, pruned(name, photos, Path(folder))), flush=True)
            except (AssertionError, FeatherboneError) as error:
                failed.append(name)
                print(f"{name:24}  {type(error).__name__}: {error}", flush=True)
    print(f"\n{len(given.only or NETWORKS) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


def photographs(folder: Path) -> Path:
    """A folder of squares in two colours, so many of each class, drawn by a fixed seed."""
    generator = np.random.default_rng(0)
    for label in range(CLASSES):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(EACH):
            pixels = generator.integers(0, 256, (2, 1, 1, 3), dtype=np.uint8).repeat(SIDE, 2).repeat(SIDE // 2, 1)
            noise = generator.integers(0, 32, (SIDE, SIDE, 3), dtype=np.uint8)
            Image.fromarray(pixels.reshape(SIDE, SIDE, 3) // 2 + noise).save(folder / f"class{label}" / f"{number}.png")
    return folder


def pruned(name: str, photos: Path, folder: Path) -> PrunedRow:
    """Prune one network as the command does, and check all that was written.

    Raises:
        AssertionError: something does not hold.
        FeatherboneError: the job ended with it.
    """
    started = time.process_time()
    graph = smallest(name)
    law = narrowing_law(graph, lively_weights(graph))
    weights = initial_weights(graph, seed=0)
    assert law <= TOLERANCE, f"the cut network differs from the masked one by {law:.1e}"
    channels, resolution, _ = map(int, graph.input_shape)
    seen = Preprocessing(resolution=resolution, channels=channels, mean=(0.5,) * channels, std=(0.25,) * channels)
    classes = tuple(f"class{label}" for label in range(CLASSES))
    file, out = folder / "model.safetensors", folder / name
    save_model(file, Model(graph=graph, weights=weights, classes=classes, preprocessing=seen))
    before = int(count(reparameterize(graph, weights).graph).macs)
    limit = before // 2
    run_prune(PruneRequest(model=str(file), source=photos, budget=Budget(macs=limit), images=IMAGES, out=out))
    record, found = read_record(out), load_model(out / "model.safetensors")
    assert record is not None
    assert record.result is not None
    assert record.cut is not None
    after = int(count(found.graph).macs)
    assert after <= limit, f"{after:,} multiply-adds are left, and {limit:,} were allowed"
    checked = record.result.verification
    assert checked.passed, checked.reason
    assert checked.largest_difference is not None
    assert checked.allowed is not None
    return PrunedRow(
        resolution=resolution,
        resolution_after=found.preprocessing.resolution,
        before=before,
        after=after,
        dropped=len(record.cut.dropped),
        law=law,
        verified=checked.largest_difference / checked.allowed,
        seconds=time.process_time() - started,
    )


def narrowing_law(graph: Graph, weights: dict[str, torch.Tensor]) -> float:
    """How far the network without a third of its sets is from the one with them masked."""
    sets = channel_sets(graph)
    cut = random_cut(sets, 1 / 3)
    return check_law(graph, weights, sets, cut, narrow(graph, weights, cut, sets=sets))


def line(name: str, row: PrunedRow) -> str:
    return (
        f"{name:24}{row.resolution:>6}{row.resolution_after:>7}{row.before / 1e6:>10.2f} M{row.after / 1e6:>10.2f} M"
        f"{row.dropped:>8}{row.law:>10.1e}{row.verified:>10.1e}{row.seconds:>9.1f}"
    )


if __name__ == "__main__":
    main()
