"""Whole training steps beside the loops that people write: same network, images, optimizer, machine, in one run.

    python benchmarks/training_steps.py > benchmarks/results/training_steps.txt

Each loop runs in a process of its own, as the C library's allocator is set for a whole process; a round runs every loop
once and their order turns. The plain loops get images that lie in memory as float32, ready made, and do nothing but
forward, cross entropy, backward and SGD with momentum. Ours does all that a run does: it gathers uint8 images, crops,
flips and normalises them, clips gradients, and follows the weights with a moving average, in the setting that
`choose` finds in a trial before the first round. Reported is the median of images a second over the rounds, and the
median of the ratios within a round, with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

SMALL = {  # 32×32 images, 10 classes, batch 128
    "mlperf_tiny_resnet8": "mlperf_tiny_resnet8",
    "mobilenet_v2": "mobilenet_v2:small=true,classes=10",
    "shufflenet_v2": "shufflenet_v2:small=true,classes=10",
    "cifar_resnet20": "cifar_resnet20",
}
LARGE = {  # 224×224 images, 10 classes, batch 16
    "mobilenet_v2": "mobilenet_v2:classes=10",
    "mobilenet_v1 0.5": "mobilenet_v1:width=0.5,classes=10",
    "mnasnet_b1": "mnasnet_b1:classes=10",
    "shufflenet_v2": "shufflenet_v2:classes=10",
}
SIZES = {"32": (SMALL, 32, 128), "224": (LARGE, 224, 16)}
LOOPS = ("plain NCHW", "plain channels_last", "featherbone")
TARGETS = {"32": (2.5, 1.2), "224": (2.0, 1.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each loop in each round")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as torch takes")
    parser.add_argument("--cpu-time", action="store_true", help="for a busy machine: images a second of CPU time")
    parser.add_argument("--only", help="networks whose name contains this")
    parser.add_argument("--size", choices=SIZES, help="only this size")
    parser.add_argument("--one", nargs=4, metavar=("SIZE", "NETWORK", "LOOP", "SETTING"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(*arguments.one, arguments)))
        return
    from machine import describe

    print(describe("featherbone", "torch"))
    for size, (networks, side, batch) in SIZES.items():
        if arguments.size not in (None, size):
            continue
        beside_nchw, beside_last = TARGETS[size]
        print(f"{side}×{side}, batch {batch}, {arguments.rounds} rounds; targets ≥ {beside_nchw}× and ≥ {beside_last}×")
        print(
            f"{'network':20}  {'NCHW':>8}  {'channels_last':>13}  {'ours':>8}  images/s   ours/NCHW (range)   ours/last"
        )
        for name in networks:
            if arguments.only is None or arguments.only in name:
                tell(name, *rounds(size, name, arguments))
        print(flush=True)


def rounds(size: str, name: str, arguments: argparse.Namespace) -> tuple[dict[str, list[float]], str]:
    """Images a second of each loop, a figure a round; and the sentence of the trial."""
    speeds: dict[str, list[float]] = {loop: [] for loop in LOOPS}
    setting, sentence = "", ""
    if "featherbone" in LOOPS:
        setting, sentence = in_a_process(size, name, "choose", "", arguments)
    for number in range(arguments.rounds):
        for place in range(len(LOOPS)):
            loop = LOOPS[(number + place) % len(LOOPS)]
            speeds[loop].append(in_a_process(size, name, loop, setting, arguments))
    return speeds, sentence


def in_a_process(size: str, name: str, loop: str, setting: str, arguments: argparse.Namespace) -> Any:
    command = [sys.executable, __file__, "--one", size, name, loop, setting, "--seconds", str(arguments.seconds)]
    command += ["--threads", str(arguments.threads), *(["--cpu-time"] if arguments.cpu_time else [])]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{loop} on {name} failed:\n{ran.stderr}")
    return json.loads(ran.stdout)


def tell(name: str, speeds: dict[str, list[float]], sentence: str) -> None:
    nchw, last, ours = (speeds[loop] for loop in LOOPS)
    first = [a / b for a, b in zip(ours, nchw, strict=True)]
    second = [a / b for a, b in zip(ours, last, strict=True)]
    print(
        f"{name:20}  {statistics.median(nchw):8.1f}  {statistics.median(last):13.1f}  {statistics.median(ours):8.1f}"
        f"             {statistics.median(first):5.2f}× ({min(first):.2f}–{max(first):.2f})"
        f"   {statistics.median(second):5.2f}× ({min(second):.2f}–{max(second):.2f})\n    {sentence}",
        flush=True,
    )


def measure(size: str, name: str, loop: str, setting: str, arguments: argparse.Namespace) -> Any:
    """In this process: one loop's images a second after a step of warm-up, or the trial's choice and its sentence."""
    import torch

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    networks, side, batch = SIZES[size]
    if loop == "choose":
        return chosen(networks[name], side, batch)
    step = (
        ours(networks[name], side, batch, setting)
        if loop == "featherbone"
        else plain(networks[name], side, batch, loop)
    )
    step()
    done, started = 0, clock()
    while done < 2 or clock() - started < arguments.seconds:
        step()
        done += 1
    return done * batch / (clock() - started)


def plain(spec: str, side: int, batch: int, loop: str) -> Callable[[], object]:
    """The loop that people write. The module by hand is as fast as the generated one: module_overhead.txt."""
    import torch
    from torch.nn import functional

    from featherbone.networks import network
    from featherbone.nn import module

    layout = torch.channels_last if loop == "plain channels_last" else torch.contiguous_format
    model = module(network(spec), seed=0).to(memory_format=layout).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    images = torch.randn(batch, 3, side, side).to(memory_format=layout)
    labels = torch.randint(0, 10, (batch,))

    def step() -> float:
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def job(spec: str, side: int, batch: int) -> tuple[Any, Any, Any]:
    """Network, random images as a data set, and a recipe that uses every part of the loop."""
    import numpy as np

    from featherbone.data import Dataset, Split
    from featherbone.data.augment import Augment
    from featherbone.networks import network
    from featherbone.train import Recipe

    random = np.random.default_rng(0)
    images = random.integers(0, 256, (8 * batch, side, side, 3), dtype=np.uint8)
    labels = random.integers(0, 10, len(images))
    split = Split(images=images, labels=labels, paths=tuple(map(str, range(len(images)))))
    dataset = Dataset(
        name="random",
        classes=tuple("0123456789"),
        channels=3,
        resolution=side,
        splits={"train": split, "val": split},
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        fingerprint="random",
        skipped=(),
        warnings=(),
    )
    recipe = Recipe(
        epochs=1, batch_size=batch, weight_decay=5e-4, ema_decay=0.99, clip=5.0, augment=Augment(pad=4, flip=True)
    )
    return network(spec), dataset, recipe


def chosen(spec: str, side: int, batch: int) -> tuple[str, str]:
    from featherbone.train import choose

    choice = choose(*job(spec, side, batch))
    return choice.setting.to_json(), str(choice)


def ours(spec: str, side: int, batch: int, setting: str) -> Callable[[], object]:
    """The very steps of `train`: a `TimedSteps` makes them."""
    from featherbone.train.machine.setting import Setting
    from featherbone.train.run.plan import Plan
    from featherbone.train.tuning.timed_steps import TimedSteps

    graph, dataset, recipe = job(spec, side, batch)
    found = Setting.from_json(setting)
    trial = TimedSteps(Plan(graph=graph, dataset=dataset, recipe=recipe, seed=0, setting=found, device="cpu"))

    def step() -> None:
        trial.step()
        if trial.reason:
            raise SystemExit(trial.reason)

    return step


if __name__ == "__main__":
    main()
