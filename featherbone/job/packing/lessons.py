"""Where the training of levels stands, in a file: one that was stopped goes on, and ends in the same bits."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from featherbone.errors import FeatherboneError
from featherbone.nn.container import read_tensors, write_tensors
from featherbone.pack.learning import LearningLevels
from featherbone.pack.rates import Rates

SAVED = 60.0  # seconds after which it is kept


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """A training in rounds: ``prices`` of a bit, the last that of the round that is on, ``done`` steps of it so far.

    ``steps`` has each round; ``precision`` is what the networks compute in.
    """

    prices: tuple[float, ...]
    steps: int
    precision: str
    done: int = 0


def save_lessons(path: Path, lessons: Lessons, student: LearningLevels, optimizer: torch.optim.Optimizer) -> None:
    """Keep a training as it is now.

    Raises:
        FeatherboneError: the file can't be written; the one before it is then unchanged.
    """
    tensors = {f"student/{name}": value for name, value in student.named_parameters()}
    for place, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{place}/{name}": value for name, value in values.items()}
    rates = {key: asdict(each) for key, each in student.rates.items()}
    write_tensors(path, tensors, {"lessons": json.dumps(asdict(lessons)), "rates": json.dumps(rates)})


def load_lessons(path: Path, student: LearningLevels, optimizer: torch.optim.Optimizer) -> Lessons | None:
    """What was kept, put into the student and its optimizer; None where nothing was, or it is damaged."""
    try:
        tensors, header = read_tensors(path)
        said = json.loads(header["lessons"])
        found = Lessons(**{**said, "prices": tuple(said["prices"])})
        rates = {key: Rates(**each) for key, each in json.loads(header["rates"]).items()}
        own = {name: tensors[f"student/{name}"] for name, _ in student.named_parameters()}
    except (FeatherboneError, KeyError, TypeError, ValueError):
        return None
    with torch.no_grad():
        for name, value in student.named_parameters():
            value.copy_(own[name])
    student.rates = rates
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        kind, *rest = name.split("/")
        if kind == "optimizer":
            state.setdefault(int(rest[0]), {})[rest[1]] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return found
