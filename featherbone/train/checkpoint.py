"""Checkpoints after each epoch: all that a run needs to go on as if it had never stopped, without pickle.

A file holds the weights, their average, the optimizer's state, and the history, whose length is the epoch. Random
numbers are drawn anew for each epoch from (seed, epoch), so these two are their whole state.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, to_json
from featherbone.nn import read_tensors, weights_of, write_tensors
from featherbone.train.recipe import Recipe

NEWEST, PREVIOUS, NEXT = "checkpoint.safetensors", "checkpoint.previous.safetensors", "checkpoint.next.safetensors"
FORMAT = "featherbone-checkpoint 1"
History = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a run is of; a checkpoint goes on only with the same."""

    network: str  # SHA-256 of the graph's text, without its name
    recipe: Recipe
    data: str  # the data set's fingerprint
    seed: int

    @staticmethod
    def of(graph: Graph, recipe: Recipe, dataset: Dataset, seed: int) -> Identity:
        text = to_json(graph.renamed("network"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Identity(network=digest, recipe=recipe, data=dataset.fingerprint, seed=seed)


def save_checkpoint(
    folder: Path,
    identity: Identity,
    history: History,
    network: nn.Module,
    averaged: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write the newest checkpoint; the one before stays whole until the new one is on the disk, and is then kept.

    Raises `FeatherboneError` where it cannot be written, as on a full disk; the last checkpoint is then unchanged.
    """
    names: dict[Tensor, str] = {parameter: name for name, parameter in network.named_parameters()}
    tensors = {f"weights/{name}": tensor for name, tensor in weights_of(network).items()}
    tensors |= {f"average/{name}": tensor for name, tensor in weights_of(averaged).items()}
    for parameter, state in optimizer.state.items():
        tensors |= {f"optimizer/{key}/{names[parameter]}": tensor for key, tensor in state.items()}
    header = {
        "format": FORMAT,
        "network": identity.network,
        "recipe": identity.recipe.to_json(),
        "data": identity.data,
        "seed": str(identity.seed),
        "history": json.dumps(history, allow_nan=False),
    }
    try:
        write_tensors(folder / NEXT, tensors, header)
        if (folder / NEWEST).exists():
            os.replace(folder / NEWEST, folder / PREVIOUS)
        os.replace(folder / NEXT, folder / NEWEST)
    except (OSError, FeatherboneError) as error:
        reason = error.sentence if isinstance(error, FeatherboneError) else str(error)
        raise FeatherboneError(
            f"the checkpoint of epoch {len(history)} could not be saved: {reason}",
            hint="make room and run the same again; it goes on after the last checkpoint, which is unchanged",
        ) from error


def load_checkpoint(folder: Path, identity: Identity) -> tuple[Mapping[str, Tensor], History, str]:
    """The tensors and history of the newest sound checkpoint in `folder`, and a note where the newest was damaged.

    Without any checkpoint, nothing: an empty history. The newest may be missing for the moment between two renames; the
    previous one is as good then, an epoch earlier.

    Raises `FeatherboneError` where checkpoints are there and none can be read, or they are of another run.
    """
    damage: list[str] = []
    for path in (folder / NEWEST, folder / PREVIOUS):
        if not path.exists():
            continue
        try:
            tensors, header = read_tensors(path)
        except FeatherboneError as error:
            damage.append(error.sentence)
            continue
        _require_same(path, header, identity)
        history: History = json.loads(header["history"])
        note = f"{damage[0]}; going on from the one before, after epoch {len(history)}" if damage else ""
        return tensors, history, note
    if damage:
        raise FeatherboneError(
            f"no checkpoint in {folder} can be read: {'; '.join(damage)}",
            hint="remove the damaged checkpoints to train from the start",
        )
    return {}, [], ""


def restore(
    tensors: Mapping[str, Tensor], network: nn.Module, averaged: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Put a checkpoint's tensors into freshly made objects, in place."""
    with torch.no_grad():
        for part, module in (("weights", network), ("average", averaged)):
            for name, tensor in weights_of(module).items():
                tensor.copy_(tensors[f"{part}/{name}"])
    parameters = dict(network.named_parameters())
    for path, tensor in tensors.items():
        part, _, rest = path.partition("/")
        if part == "optimizer":
            key, _, name = rest.partition("/")
            parameter = parameters[name]
            # The optimizer's own layout: moments lie in memory as their parameter does, counters stay on the CPU.
            value = torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor
            optimizer.state[parameter][key] = value


def _require_same(path: Path, header: Mapping[str, str], identity: Identity) -> None:
    """Raise unless the checkpoint is of this very run, with what differs."""
    if header.get("format") != FORMAT:
        raise FeatherboneError(
            f"{path} has format {header.get('format', '')!r}; this version reads {FORMAT!r}",
            hint="train in another folder, or remove this one",
        )
    differences = []
    if header["network"] != identity.network:
        differences.append("another network")
    if header["data"] != identity.data:
        differences.append(f"other data (fingerprint {header['data'][:12]} there, {identity.data[:12]} now)")
    if header["seed"] != str(identity.seed):
        differences.append(f"another seed ({header['seed']} there, {identity.seed} now)")
    there, now = json.loads(header["recipe"]), identity.recipe.to_dict()
    for name, value in now.items():
        if there.get(name) != value:
            differences.append(f"another {name} ({there.get(name)} there, {value} now)")
    if differences:
        raise FeatherboneError(
            f"{path} is of another run: it has {', '.join(differences)}",
            hint="use the settings of that run, or train in another folder",
        )
