"""Kill a pruning at random moments with SIGKILL, then see that it ends with the bits of one that nothing stopped.

    python benchmarks/kill_pruning.py > benchmarks/results/kill_pruning.txt

The command ``featherbone prune`` cuts a small network of the built-in digits, teaches what is left for 300 epochs (the
most that any time buys), exports and checks it. It is begun again until it has been killed as often as asked (--kills),
each time after a random part of the time that the whole takes, all parts together about that time, and then runs to its
end. Where a kill fell is told by what stands in the folder.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch
from machine import describe

from featherbone.cost import count
from featherbone.data import open_dataset
from featherbone.graph import Graph, image, scope
from featherbone.job.images import preprocessing_of
from featherbone.nn import Model, load_model, save_model
from featherbone.run_file import read_record
from featherbone.train import Recipe, train

SETTING = "channels_last, float32, 1 thread"
FILES = ("cut.safetensors", "model.safetensors", "model.onnx")
RUN = "run"
TIME = "1h"  # enough for the most epochs at any pace, so that their number does not follow from how busy the machine is


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=16)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "onnxruntime", "numpy"))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        command = command_of(trained(folder))
        whole, killed = folder / "whole", folder / "killed"
        for each in (whole, killed):
            each.mkdir()  # the run's folder has the same name in both, as the model says where it came from
        started = time.monotonic()
        run_to_end(command, whole)
        seconds = time.monotonic() - started
        moments = Counter(kill_once(command, killed, share * seconds) for share in shares(given.kills))
        run_to_end(command, killed)
        whole, killed = whole / RUN, killed / RUN
        print(f"\nthe whole takes {seconds:.1f} s; killed {sum(moments.values())} times:")
        for moment, times in moments.items():
            print(f"{times:4}  {moment}")
        same = [name for name in FILES if (whole / name).read_bytes() == (killed / name).read_bytes()]
        print(f"\nthe same bits: {', '.join(same)}")
        first, second = (load_model(each / "model.safetensors").weights for each in (whole, killed))
        equal = all(torch.equal(first[name], second[name]) for name in first)
        print(f"every weight is the same: {'yes' if equal else 'NO'}")
        sys.exit(not equal or len(same) < len(FILES))


def shares(kills: int) -> list[float]:
    """Of the whole time, after which each start is killed: long enough to load, and together about as long as it."""
    chance = random.Random(0)
    return [0.04 + 1.5 * chance.random() / kills for _ in range(kills)]


def run_to_end(command: list[str], place: Path) -> None:
    ended = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def small() -> Graph:
    x = image(1, 8).conv(16, 3, name="stem").norm().act("relu")
    for number in (1, 2):
        with scope(f"block{number}"):
            x = (x + x.conv(24, 3, name="in").norm().act("relu").conv(16, 3, name="out").norm()).act("relu")
    return x.global_pool().flatten().linear(10, name="classes").graph("small")


def trained(folder: Path) -> Path:
    """The file of a network that reads most digits."""
    digits, graph = open_dataset("digits"), small()
    found = train(graph, digits, Recipe(epochs=6, learning_rate=0.1), folder=folder / "training", seed=0)
    file = folder / "digits.safetensors"
    seen = preprocessing_of(digits)
    save_model(file, Model(graph=graph, weights=found.weights, classes=digits.classes, preprocessing=seen))
    return file


def command_of(model: Path) -> list[str]:
    limit = int(count(small()).macs) // 2
    words = [sys.executable, "-m", "featherbone", "prune", str(model), "digits", "--macs", str(limit)]
    return [*words, "--images", "256", "--time", TIME, "--setting", SETTING, "--out", RUN]


def kill_once(command: list[str], place: Path, seconds: float) -> str:
    """Begin or go on with a run and kill it after so many seconds; what had been reached."""
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        code = process.wait()
    return f"{reached(place / RUN)}{'' if code == -signal.SIGKILL else ' (it had ended)'}"


def reached(folder: Path) -> str:
    if not (folder / "run.json").exists():
        return "before anything was written"
    record = read_record(folder)
    assert record is not None
    if record.result is not None:
        return "after the result"
    if (folder / "model.safetensors").exists():
        return "while it was exported and compared"
    if (folder / "checkpoint.safetensors").exists():
        return "while it was taught"
    return "after the cut" if record.cut is not None else "while it was cut"


if __name__ == "__main__":
    main()
