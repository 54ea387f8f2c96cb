"""Checkpoints: all that a run needs to go on as if it had never stopped, without pickle.

A file holds the state (weights, their average, the optimizer's moments, the history and the position in the epoch) and
the setting that computes it. Random numbers are drawn anew for each step from the seed and the position, so these are
their whole state.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from featherbone.atomic import UNFINISHED
from featherbone.errors import FeatherboneError
from featherbone.files import damage, parse_json
from featherbone.nn import read_tensors, weights_of, write_tensors
from featherbone.train.machine.setting import Setting
from featherbone.train.run.identity import Identity
from featherbone.train.run.state import State, place

NEWEST, PREVIOUS, NEXT = "checkpoint.safetensors", "checkpoint.previous.safetensors", "checkpoint.next.safetensors"
FORMAT = "featherbone-checkpoint 3"
BEST = "best/"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A checkpoint that was read."""

    tensors: Mapping[str, Tensor]
    setting: Setting
    progress: Mapping[str, Any]  # history, step, loss, seconds, scaler
    note: str  # a sentence where a newer one was damaged


@dataclass(frozen=True, kw_only=True)
class SavedHistory:
    """The rows of a checkpoint's epochs, and whether there is a newer one that cannot be read."""

    rows: tuple[Mapping[str, Any], ...]
    newer_is_damaged: bool


def save_checkpoint(folder: Path, identity: Identity, setting: Setting, state: State) -> None:
    """Write the newest checkpoint; the one before stays whole until the new one is on the disk, and is then kept.

    Raises `FeatherboneError` where it cannot be written, as on a full disk, or a weight is not finite; the last
    checkpoint is then unchanged.
    """
    tensors = _tensors(state)
    _require_finite(tensors, state)
    header = {
        "format": FORMAT,
        "identity": json.dumps(identity.to_dict()),
        "setting": setting.to_json(),
        "progress": json.dumps(_progress(state), allow_nan=False),
    }
    try:
        write_tensors(folder / NEXT, tensors, header)
        if (folder / NEWEST).exists():
            os.replace(folder / NEWEST, folder / PREVIOUS)
        os.replace(folder / NEXT, folder / NEWEST)
    except (OSError, FeatherboneError) as error:
        reason = error.sentence if isinstance(error, FeatherboneError) else str(error)
        raise FeatherboneError(
            f"the checkpoint {state.place} could not be saved: {reason}",
            hint="make room and run the same again; it goes on after the last checkpoint, which is unchanged",
        ) from error


def load_checkpoint(folder: Path, identity: Identity) -> Saved | None:
    """The newest sound checkpoint in `folder`, with a note where the newest was damaged; None where there is none.

    The newest may be missing for the moment between two renames; the previous one is as good then, a little earlier.
    For the process that holds the folder: what a killed one left of a write is removed.

    Raises `FeatherboneError` where checkpoints are there and none can be read, or they are of another run.
    """
    for leftover in folder.glob(f".checkpoint*{UNFINISHED}"):  # of a process that was killed while it wrote
        leftover.unlink()
    damaged: list[str] = []
    for path in (folder / NEWEST, folder / PREVIOUS):
        if not path.exists():
            continue
        try:
            tensors, header = read_tensors(path)
        except FeatherboneError as error:
            damaged.append(error.sentence)
            continue
        with damage(path):
            _require_same(path, header, identity)
        with damage(path):
            progress = parse_json(header["progress"], f"the progress in {path}")
            stands = place(progress["history"], progress["step"])
            return Saved(
                tensors=tensors,
                setting=Setting.from_json(header["setting"]),
                progress=progress,
                note=f"{damaged[0]}; going on from the one before, {stands}" if damaged else "",
            )
    if damaged:
        raise FeatherboneError(
            f"no checkpoint in {folder} can be read: {'; '.join(damaged)}",
            hint="remove the damaged checkpoints to train from the start",
        )
    return None


def restore(saved: Saved, state: State) -> None:
    """Put a checkpoint into a state that has just begun, in place.

    Raises `FeatherboneError` where it does not hold what such a state has.
    """
    with damage("the checkpoint"):
        _restore(saved, state)


def _restore(saved: Saved, state: State) -> None:
    with torch.no_grad():
        for part, module in _modules(state).items():
            for name, tensor in weights_of(module).items():
                tensor.copy_(saved.tensors[f"{part}/{name}"])
    parameters = dict(state.named_parameters())
    for path, tensor in saved.tensors.items():
        part, _, rest = path.partition("/")
        if part == "optimizer":
            key, _, name = rest.partition("/")
            parameter = parameters[name]
            # The optimizer's own layout: moments lie in memory as their parameter does, counters stay on the CPU.
            value = torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor
            state.optimizer.state[parameter][key] = value
    if any(path.startswith(BEST) for path in saved.tensors):
        state.best = {
            name: saved.tensors[BEST + name].to(value.device) for name, value in weights_of(state.averaged).items()
        }
    if state.scaler is not None:
        state.scaler.load_state_dict(saved.progress["scaler"])
    state.history, state.step = list(saved.progress["history"]), saved.progress["step"]
    state.loss, state.seconds = saved.progress["loss"], saved.progress["seconds"]


def saved_history(folder: Path) -> SavedHistory | None:
    """The epochs that the newest sound checkpoint in `folder` has behind it; None where there is no sound one."""
    damaged = False
    for path in (folder / NEWEST, folder / PREVIOUS):
        if path.exists():
            with suppress(FeatherboneError):
                progress = json.loads(read_tensors(path)[1].get("progress", '{"history": []}'))
                return SavedHistory(rows=tuple(progress["history"]), newer_is_damaged=damaged)
            damaged = True
    return None


def _modules(state: State) -> dict[str, torch.nn.Module]:
    modules = {"weights": state.network, "average": state.averaged}
    return modules if state.objective is None else {**modules, "objective": state.objective}


def _tensors(state: State) -> dict[str, Tensor]:
    found = {
        f"{part}/{name}": tensor
        for part, module in _modules(state).items()
        for name, tensor in weights_of(module).items()
    }
    found |= {BEST + name: tensor for name, tensor in (state.best or {}).items()}
    names: dict[Tensor, str] = {parameter: name for name, parameter in state.named_parameters()}
    for parameter, moments in state.optimizer.state.items():
        found |= {f"optimizer/{key}/{names[parameter]}": tensor for key, tensor in moments.items()}
    return found


def _progress(state: State) -> dict[str, Any]:
    return {
        "history": state.history,
        "step": state.step,
        "loss": state.loss,
        "seconds": state.seconds,
        "scaler": None if state.scaler is None else state.scaler.state_dict(),
    }


def _require_finite(tensors: Mapping[str, Tensor], state: State) -> None:
    """A loss can be finite still when the step that it leads to is not."""
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise FeatherboneError(
                f"{name} is not finite {state.place}; the last checkpoint is from before",
                hint="try a lower learning_rate, a longer warm-up (warmup_epochs) or clip 1",
            )


def _require_same(path: Path, header: Mapping[str, str], identity: Identity) -> None:
    """Raise unless the checkpoint is of this very run, with what differs."""
    if header.get("format") != FORMAT:
        raise FeatherboneError(
            f"{path} has format {header.get('format', '')!r}; this version reads {FORMAT!r}",
            hint="train in another folder, or remove this one",
        )
    differences = identity.differences(json.loads(header["identity"]))
    if differences:
        raise FeatherboneError(
            f"{path} is of another run: it has {', '.join(differences)}",
            hint="use the settings of that run, or train in another folder",
        )
