"""Random numbers that depend on the run's seed and the epoch alone, so that a run can stop after any epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derived_seed(seed: int, epoch: int, purpose: str) -> int:
    """A seed for one purpose in one epoch.

    >>> derived_seed(0, 1, "data") == derived_seed(0, 1, "data") != derived_seed(0, 2, "data")
    True
    """
    digest = hashlib.sha256(f"{seed} {epoch} {purpose}".encode()).digest()
    return int.from_bytes(digest[:7], "little")


def data_generator(seed: int, epoch: int) -> torch.Generator:
    """The generator that orders and augments an epoch's images."""
    return torch.Generator().manual_seed(derived_seed(seed, epoch, "data"))


@contextmanager
def network_randomness(seed: int, epoch: int, device: str) -> Iterator[None]:
    """Torch's global generators seeded for an epoch's dropout; afterwards they are as they were before."""
    other = [] if device == "cpu" else [torch.device(device)]
    with torch.random.fork_rng(devices=other):
        torch.manual_seed(derived_seed(seed, epoch, "network"))
        yield
