"""Processes that train together, without the seconds that torchrun takes to start; and what the tests let them do."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import nn
from train_cases import RECIPE, dataset

from featherbone.data.augment import Augment
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.job import train_network
from featherbone.train import Execution, Objective, Setting, TrainingProgress, evaluate, train
from featherbone.train.several.distributed import joined
from featherbone.train.several.synchronised_norm import synchronise

MIXED = replace(RECIPE, augment=Augment(pad=1, flip=True, erase=0.3, mixup=0.4), clip=0.0)  # 7 steps an epoch


def normed() -> Graph:
    """With batch norm, and without dropout, whose draws differ with the share that a process has."""
    x = image(1, 6).conv(8, 3).norm().act("relu").depthwise(3).norm().act("relu")
    return x.max_pool(2).flatten().linear(3).graph("normed")


def together(count: int, work: Callable[..., Any], *arguments: Any) -> list[Any]:
    """What each process's `work(*arguments)` returned: a value, the sentence of its error, or its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["featherbone.train", "torch._dynamo"])  # which the first step would load
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ends, processes = [], []
    for rank in range(count):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_one, args=(theirs, rank, count, port, work, arguments))
        process.start()
        theirs.close()
        ends.append(ours)
        processes.append(process)
    results = []
    try:
        for end, process in zip(ends, processes, strict=True):
            assert end.poll(120), "a process hangs"
            try:
                results.append(end.recv())
            except EOFError:
                process.join()
                results.append(process.exitcode)
            process.join(120)
            assert process.exitcode is not None, "a process does not end"
    finally:  # one that hangs would be waited for when the tests have ended
        for process in processes:
            process.kill()
    return results


def _one(
    end: Connection, rank: int, count: int, port: int, work: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    try:
        end.send(work(*arguments))
    except (FeatherboneError, KeyboardInterrupt) as error:
        end.send(str(error) if isinstance(error, FeatherboneError) else "interrupted")


def trained_in_one_turn(*arguments: Any) -> Any:
    """As ``trained``, where threads get Python's lock only while it is put down, and so at the worst moment."""
    sys.setswitchinterval(1000)
    return trained(*arguments)


def waits_for_the_first(mark: Path) -> Any:
    """The first process decides for as long as it takes the second one to be interrupted while it waits."""
    with joined() as processes:
        if processes.first:
            return processes.agreed(lambda: _until_there(mark))
        timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), SIGINT))
        timer.start()
        try:
            return processes.agreed(lambda: None)
        finally:
            mark.touch()


def _until_there(mark: Path) -> None:
    for _ in range(600):
        if mark.exists():
            return
        time.sleep(0.1)
    raise AssertionError("the other process was not interrupted within a minute")


def rank() -> int:
    return int(os.environ.get("RANK", "0"))


def trained(
    folder: Path,
    until: int,
    signals: tuple[int, int, int] = (0, 0, 0),
    fingerprint: str = "",
    fused: bool = False,
    changes: Mapping[str, Any] | None = None,
) -> Any:
    """The weights, and how many reports there were; `signals`: process, step of the second epoch, and which.

    `changes`: of the recipe.
    """
    reports = 0

    def watch(event: TrainingProgress) -> None:
        nonlocal reports
        reports += 1

    class Sends(nn.Module):
        """Sends the signal at its step."""

        def forward(self, network: Any, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            nonlocal steps
            steps += 1
            if signals[2] and (rank(), steps) == (signals[0], 7 + signals[1]):
                os.kill(os.getpid(), signals[2])
            return nn.functional.cross_entropy(network(images), targets)

    steps, sends = 0, Sends()
    data = dataset(fingerprint=fingerprint if fingerprint and rank() == 1 else "stripes-1")
    objective = Objective(loss=sends, module=sends)
    setting = Setting(fused=True) if fused else None
    done = train(
        normed(),
        data,
        replace(MIXED, **(changes or {})),
        folder=folder,
        seed=8,  # of 7, rounding alone puts a value on the other side of a ReLU
        objective=objective,
        execution=Execution(until_epoch=until, progress=watch, setting=setting),
    )
    return {name: tensor.numpy() for name, tensor in done.weights.items()}, reports


def evaluated() -> dict[str, Any]:
    """Everything that evaluation says of 40 images, which 3 processes cannot divide."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    with joined() as processes:
        found = evaluate(network, dataset().splits["val"], dataset(), batch_size=7, processes=processes)
    return dataclasses.asdict(found)


def norm_of_share(momentum_steps: int) -> list[Any]:
    """Outputs, gradients and statistics of a batch norm over a share of 10 images, put together again."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(10, 5, 3, 2, generator=generator, dtype=torch.float32) * 3 + 100
    wanted = torch.randn(10, 5, 3, 2, generator=generator)
    network = nn.Sequential(nn.BatchNorm2d(5))
    with torch.no_grad():
        network[0].weight.copy_(torch.rand(5, generator=generator))
    with joined() as processes:
        if processes.count > 1:
            synchronise(network)
        share = images[processes.rank :: processes.count].clone().requires_grad_()
        for _ in range(momentum_steps):
            out = network(share)
        (out * wanted[processes.rank :: processes.count]).sum().backward()
        norm = network[0]
        assert share.grad is not None
        sums = [torch.tensor([processes.sum(float(v)) for v in p.grad]) for p in (norm.weight, norm.bias)]
        whole = [processes.gathered(out.detach()), processes.gathered(share.grad)]
        return [tensor.numpy() for tensor in [*whole, *sums, norm.running_mean, norm.running_var]]


def job(folder: Path) -> str:
    """`featherbone train`."""
    made = train_network("digits", "r8 | stem w8 | basic w16 d1 s2", epochs=1, out=folder)
    return str(made)


SIGKILL, SIGINT = int(signal.SIGKILL), int(signal.SIGINT)
