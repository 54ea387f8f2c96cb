"""The training loop."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from featherbone.data.batches import batches
from featherbone.data.dataset import Dataset
from featherbone.graph import Graph
from featherbone.nn import module, weights_of
from featherbone.train.checkpoint import Identity, load_checkpoint, restore, save_checkpoint
from featherbone.train.ema import MovingAverage
from featherbone.train.evaluate import evaluate
from featherbone.train.log import append_to_log, write_log
from featherbone.train.machine import keep_freed_memory
from featherbone.train.optimizer import make_optimizer
from featherbone.train.randomness import data_generator, network_randomness
from featherbone.train.recipe import Recipe
from featherbone.train.require import require_finite, require_trainable
from featherbone.train.schedule import rate
from featherbone.train.training import Progress, Report, Training


def train(
    graph: Graph,
    dataset: Dataset,
    recipe: Recipe,
    *,
    folder: Path,
    seed: int,
    until_epoch: int | None = None,
    progress: Report | None = None,
    device: str = "cpu",
) -> Training:
    """Train a network, or go on where `folder` stands.

    >>> import tempfile
    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> graph = image(1, 8).flatten().linear(10).graph("linear")
    >>> folder = Path(tempfile.mkdtemp())
    >>> recipe = Recipe(epochs=2, learning_rate=0.01)
    >>> training = train(graph, open_dataset("digits"), recipe, folder=folder, seed=0)
    >>> training.epoch, training.val_top1 > 0.7, sorted(path.name for path in folder.iterdir())
    (2, True, ['checkpoint.previous.safetensors', 'checkpoint.safetensors', 'log.jsonl'])

    After each epoch the averaged weights are evaluated on `val`, and a checkpoint and `log.jsonl` are written. Stopped
    at any moment and called again, or paused with `until_epoch` (the schedule spans the recipe's epochs all the same),
    it ends bit for bit as if it had never stopped, on a CPU with the same number of threads. Where `until_epoch` is
    behind already, nothing is trained and nothing lost.

    Raises:
        FeatherboneError: the network does not fit the data; the folder belongs to another run, with the difference; the
            loss is not finite, or a checkpoint cannot be written: the last checkpoint is then intact.
    """
    last = recipe.epochs if until_epoch is None else until_epoch
    require_trainable(graph, dataset, recipe, last)
    network, averaged = (_on_device(module(graph, seed=seed), device) for _ in range(2))
    average = MovingAverage(averaged, network, recipe.ema_decay)
    optimizer = make_optimizer(graph, network, recipe)
    identity = Identity.of(graph, recipe, dataset, seed)

    folder.mkdir(parents=True, exist_ok=True)
    tensors, history, note = load_checkpoint(folder, identity)
    if history:
        restore(tensors, network, averaged, optimizer)
    write_log(folder, history)
    report = progress or (lambda event: None)
    steps, _ = equal_batches(len(dataset.splits["train"].labels), recipe.batch_size)
    if note:
        report(Progress(epoch=len(history), epochs=recipe.epochs, step=steps, steps=steps, metrics={}, note=note))

    for epoch in range(len(history) + 1, last + 1):
        started = time.perf_counter()
        with network_randomness(seed, epoch, device):
            train_loss = _one_epoch(network, average, optimizer, dataset, recipe, epoch, seed, device, report)
        found = evaluate(averaged, dataset.splits["val"], dataset, device=device)
        require_finite(found.loss, epoch, recipe)
        row = {
            "epoch": epoch,
            "lr": optimizer.param_groups[0]["lr"],
            "train_loss": train_loss,
            "val_loss": found.loss,
            "val_top1": found.top1,
            "seconds": round(time.perf_counter() - started, 3),
        }
        history.append(row)
        save_checkpoint(folder, identity, history, network, averaged, optimizer)
        append_to_log(folder, row)
        report(Progress(epoch=epoch, epochs=recipe.epochs, step=steps, steps=steps, metrics=row))
    weights = {name: tensor.cpu().contiguous().clone() for name, tensor in weights_of(averaged).items()}
    return Training(epoch=len(history), history=tuple(history), weights=weights, note=note)


def _one_epoch(
    network: nn.Module,
    average: MovingAverage,
    optimizer: torch.optim.Optimizer,
    dataset: Dataset,
    recipe: Recipe,
    epoch: int,
    seed: int,
    device: str,
    report: Report,
) -> float:
    """Train for one epoch; the mean loss of its steps."""
    steps, batch_size = equal_batches(len(dataset.splits["train"].labels), recipe.batch_size)
    epoch_batches = batches(
        dataset.splits["train"],
        mean=dataset.mean,
        std=dataset.std,
        batch_size=batch_size,
        shuffle=True,
        generator=data_generator(seed, epoch),
        augment=recipe.augment,
        drop_last=True,
    )
    network.train()
    total = 0.0
    for step, (images, labels) in enumerate(epoch_batches):
        behind = (epoch - 1) * steps + step
        share = rate(recipe.schedule, behind, steps=recipe.epochs * steps, warmup=round(recipe.warmup_epochs * steps))
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * share
        scores = network(images.to(device, non_blocking=True))
        loss = functional.cross_entropy(scores, labels.to(device), label_smoothing=recipe.label_smoothing)
        value = loss.item()
        require_finite(value, epoch, recipe)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if recipe.clip:
            nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
        optimizer.step()
        average.update(behind)
        total += value
        report(Progress(epoch=epoch, epochs=recipe.epochs, step=step + 1, steps=steps, metrics={"train_loss": value}))
    return total / steps


def equal_batches(count: int, batch_size: int) -> tuple[int, int]:
    """How many steps an epoch has, and how many images a step: equal, as many as `batch_size` allows, and at least two.

    >>> equal_batches(1000, 64)
    (16, 62)

    Batch norm has no use for a last batch of one image. Fewer than one image a step is left out, drawn anew each epoch.
    """
    steps = max(1, min(math.ceil(count / batch_size), count // 2))
    return steps, count // steps


def _on_device(network: nn.Module, device: str) -> nn.Module:
    """Channels beside each other in memory, which triples the speed of light networks on CPUs."""
    if device == "cpu":
        keep_freed_memory()
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
