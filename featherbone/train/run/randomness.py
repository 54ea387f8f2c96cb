"""Random numbers that depend on the run's seed and the place in it alone, so that a run can stop after any step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derived_seed(seed: int, purpose: str, *place: int) -> int:
    """A seed for one purpose at one place: an epoch, or an epoch and a step.

    >>> derived_seed(0, "data", 1) == derived_seed(0, "data", 1) != derived_seed(0, "data", 2)
    True
    """
    digest = hashlib.sha256(" ".join(map(str, (seed, purpose, *place))).encode()).digest()
    return int.from_bytes(digest[:7], "little")


def data_generator(seed: int, epoch: int) -> torch.Generator:
    """The generator that orders an epoch's images."""
    return torch.Generator().manual_seed(derived_seed(seed, "data", epoch))


def view_generator(seed: int, view: int) -> torch.Generator:
    """The generator of how each image is changed in a view of them all."""
    return torch.Generator().manual_seed(derived_seed(seed, "view", view))


@contextmanager
def own_randomness(device: str) -> Iterator[None]:
    """Torch's global generators may be seeded inside; afterwards they are as they were before."""
    other = [] if device == "cpu" else [torch.device(device)]
    with torch.random.fork_rng(devices=other):
        yield


def seed_network(seed: int, epoch: int, step: int, *, rank: int = 0) -> None:
    """Seed torch's global generators, which dropout draws from, for one step of one process."""
    torch.manual_seed(derived_seed(seed, "network", epoch, step, rank))
