"""Kill a training 50 times with SIGKILL, then see that it ends bit for bit like one that nothing stopped.

    python benchmarks/kill_training.py > benchmarks/results/kill_training.txt

The run trains a small network on the built-in digits and saves after every step. It is killed 15 times at a moment that
is random in time, and 35 times within a save: at each of the five places where the disk is asked for something (the
flush of the new file, its rename, the flush of the folder, and the two renames that make it the newest checkpoint),
with half of the new file cut off for those at the flush in every second case, as if that half had not been written.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from machine import describe

from featherbone.data import open_dataset
from featherbone.graph import Graph, image
from featherbone.nn import read_tensors
from featherbone.train import Execution, Recipe, train
from featherbone.train.run.checkpoint import NEWEST

PLACES = (
    "flushing the new file",
    "renaming the new file",
    "flushing the folder",
    "before the newest becomes the one before",
    "before the new one becomes the newest",
)
RECIPE = Recipe(epochs=12, batch_size=64, warmup_epochs=1, ema_decay=0.98, label_smoothing=0.1, clip=5)
RANDOM, EACH = 15, 7


def network() -> Graph:
    x = image(1, 8).conv(8, 3).norm().act("relu").depthwise(3).norm().act("relu")
    return x.max_pool(2).flatten().dropout(0.1).linear(10).graph("small")


def run(folder: Path, save: int = -1, place: int = 0, torn: bool = False) -> None:
    """Train to the end, or die in a save, counted from 0, at a place in it."""
    torch.set_num_threads(1)
    saves, asked = -1, 0

    def watched(call: Any) -> Any:
        def wrapper(*arguments: Any, **settings: Any) -> Any:
            nonlocal saves, asked
            if call is fsync and "checkpoint" in os.readlink(f"/proc/self/fd/{arguments[0]}"):
                saves, asked = saves + 1, -1  # a new file is flushed: a save begins
            asked += 1
            if (saves, asked) == (save, place):
                if torn:
                    os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **settings)

        return wrapper

    fsync = os.fsync
    os.fsync, os.replace = watched(os.fsync), watched(os.replace)
    train(network(), open_dataset("digits"), RECIPE, folder=folder, seed=1, execution=Execution(save_every=0))


def killed(folder: Path, kill: tuple[int, bool] | None, draws: random.Random) -> str:
    """Go on with the run and kill it; where that was."""
    arguments: tuple[Any, ...] = (folder,)
    if kill is not None:
        arguments = (folder, draws.randrange(1, 4), *kill)  # the second save at the earliest: the run goes on
    process = CONTEXT.Process(target=run, args=arguments)
    before = written(folder)
    process.start()
    if kill is None:
        while process.is_alive() and written(folder) == before:
            time.sleep(0.001)
        time.sleep(draws.uniform(0, 0.05))
        process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"it ended with {process.exitcode}"
    if kill is None:
        return "at a random moment"
    return PLACES[kill[0]] + (", half of it lost" if kill[1] else "")


def written(folder: Path) -> int:
    return (folder / NEWEST).stat().st_mtime_ns if (folder / NEWEST).exists() else 0


def end(folder: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """The tensors and the history of the last checkpoint, the history without seconds, which no two runs share."""
    tensors, header = read_tensors(folder / NEWEST)
    history = json.loads(header["progress"])["history"]
    return tensors, [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def main() -> int:
    print(describe("torch", "safetensors", "featherbone"))
    draws, where = random.Random(0), Counter[str]()
    kills = [(place, place == 0 and number % 2 == 1) for place in range(len(PLACES)) for number in range(EACH)]
    planned: list[tuple[int, bool] | None] = [*kills, *[None] * RANDOM]
    draws.shuffle(planned)
    with tempfile.TemporaryDirectory() as name:
        folder, whole = Path(name) / "killed", Path(name) / "whole"
        for kill in planned:
            where[killed(folder, kill, draws)] += 1
        process = CONTEXT.Process(target=run, args=(folder,))
        process.start()
        process.join()
        process = CONTEXT.Process(target=run, args=(whole,))
        process.start()
        process.join()
        (tensors, history), (expected, expected_history) = end(folder), end(whole)
    different = [tensor for tensor in expected if not torch.equal(tensors[tensor], expected[tensor])]
    same = tensors.keys() == expected.keys() and not different and history == expected_history
    for place, number in sorted(where.items()):
        print(f"{number:3} kills  {place}")
    print(f"\n{sum(where.values())} kills in {len(history)} epochs of 17 steps, each saved")
    print(f"{len(expected)} tensors (weights, average, momentum) and {len(history)} rows of history: ", end="")
    print("bit for bit those of the uninterrupted run" if same else f"DIFFERENT: {different}")
    return 0 if same else 1


CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["featherbone.train", "torch._dynamo"])

if __name__ == "__main__":
    sys.exit(main())
