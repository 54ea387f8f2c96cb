"""How long it takes, and how much memory, to profile a model given as a torch.nn.Module, beside other profilers.

    python benchmarks/profile_speed.py [--rounds 20] [--memory-rounds 3]

Needs torchvision for the models' definitions, and of the tools of ``peers/run_peers.py`` whichever are installed; see
there for an environment of their own. Time: all tools in one process on one thread, taking turns within a round, so
that what else the machine does falls on all alike. Each tool has modules of its own, as some leave hooks behind that
would slow the others down; the weights are shared. The first call on each model is shown apart, as its caches are
empty, and of the rounds the median and the fastest. Processor time leaves out waiting for the processor. Memory: each
call in a process of its own, which has the model and the tools loaded and has profiled a small model; what is shown is
the peak of resident memory above that, the largest of the rounds. A ratio is the best peer's figure over ours: from the
medians, and in brackets the lowest and the highest of the single rounds. MACs are each tool's own figure.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import ctypes
import gc
import io
import logging
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from machine import describe
from torch import nn

import featherbone

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from run_peers import TOOLS
from subjects import build, input_size, torchvision_models

MODELS = ("resnet50", "mobilenet_v2", "shufflenet_v2_x1_0", "efficientnet_b0", "vit_b_16")
OURS = "featherbone"
Size = tuple[int, ...]


def ours(model: nn.Module, size: Size) -> int:
    return int(featherbone.profile(model, size).macs)


def installed() -> dict[str, Callable[[nn.Module, Size], int]]:
    """Ours, and every other tool that counts a small model here."""
    tools: dict[str, Callable[[nn.Module, Size], int]] = {OURS: ours}
    for name, tool in TOOLS.items():
        with contextlib.suppress(ImportError):
            measured(tool, small(), (3, 8, 8))
            tools[name] = tool
    return tools


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)).eval()


def measured(tool: Callable[[nn.Module, Size], int], model: nn.Module, size: Size) -> tuple[float, float, int]:
    """(milliseconds, milliseconds of the processor, MACs) of one call; what a tool prints is dropped."""
    printed = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        warnings.simplefilter("ignore")
        worked, begin = time.process_time(), time.perf_counter()
        macs = tool(model, size)
        return (time.perf_counter() - begin) * 1e3, (time.process_time() - worked) * 1e3, macs


def apart(model: nn.Module) -> nn.Module:
    """A copy of the modules with the same tensors in them."""
    return copy.deepcopy(model, {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())})


def status(field: str) -> float:
    """A line of Linux's account of this process's memory, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def peak_memory(tool: Callable[[nn.Module, Size], int], model: nn.Module, size: Size) -> float:
    """MB of resident memory that one call needs at its peak, in a process of its own that has all it needs loaded."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # memory that is free here would be used there without being seen
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        measured(tool, small(), (3, 8, 8))
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
        before = status("VmRSS")
        measured(tool, model, size)
        os.write(send, str(status("VmHWM") - before).encode())
        os._exit(0)
    os.close(send)
    with open(receive) as answer:
        peak = float(answer.read())
    os.waitpid(child, 0)
    return peak


def ratio(figures: dict[str, list[float]]) -> str:
    """The best peer's figure over ours."""
    peers = [tool for tool in figures if tool != OURS]
    best = min(peers, key=lambda tool: statistics.median(figures[tool]))
    rounds = [min(figures[tool][turn] for tool in peers) / mine for turn, mine in enumerate(figures[OURS])]
    whole = statistics.median(figures[best]) / statistics.median(figures[OURS])
    return f"{whole:.1f}x the best of them, {best} ({min(rounds):.1f} to {max(rounds):.1f})"


def memory_of(name: str, tools: dict[str, Callable[[nn.Module, Size], int]], rounds: int) -> dict[str, list[float]]:
    """MB by tool, a figure a round."""
    model, size = build(name), input_size(name)
    turns = [{tool: peak_memory(profile, model, size) for tool, profile in tools.items()} for _ in range(rounds)]
    return {tool: [turn[tool] for turn in turns] for tool in tools}


def compare(
    name: str, tools: dict[str, Callable[[nn.Module, Size], int]], rounds: int, memory: dict[str, list[float]]
) -> None:
    model, size = build(name), input_size(name)
    models = {tool: apart(model) for tool in tools}
    first: dict[str, float] = {}
    wall: dict[str, list[float]] = {tool: [] for tool in tools}
    work: dict[str, list[float]] = {tool: [] for tool in tools}
    macs: dict[str, int] = {}
    for turn in range(rounds + 2):
        for tool, profile in tools.items():
            elapsed, worked, macs[tool] = measured(profile, models[tool], size)
            first.setdefault(tool, elapsed)
            if turn >= 2:
                wall[tool].append(elapsed)
                work[tool].append(worked)
    for tool in tools:
        print(
            f"{name:20} {tool:13} {statistics.median(wall[tool]):9.1f} {min(wall[tool]):9.1f} {first[tool]:9.1f} "
            f"{statistics.median(work[tool]):9.1f} {max(memory[tool]):9.1f} {macs[tool]:16,}"
        )
    for what, figures in (("time", wall), ("processor", work), ("memory", memory)):
        print(f"{name:20} {what}: {ratio(figures)}")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--memory-rounds", type=int, default=3)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    torchvision_models()  # ptflops imports it, and needs it prepared
    tools = installed()
    packages = [name for name in tools if name not in (OURS, "torch", "ptflops-aten")]
    print(describe("torch", *packages))
    # First, as calls leave free memory behind, in which the next ones would hide.
    memory = {name: memory_of(name, tools, arguments.memory_rounds) for name in MODELS}
    print(
        f"{'model':20} {'tool':13} {'ms':>9} {'fastest':>9} {'first':>9} {'processor':>9} {'peak MB':>9} {'MACs':>16}"
    )
    for name in MODELS:
        compare(name, tools, arguments.rounds, memory[name])


if __name__ == "__main__":
    main()
