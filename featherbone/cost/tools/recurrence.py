"""Recurrent layers as the tools take them: sizes of one call, and what one step costs beside its matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from featherbone.cost.seen import Seen

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
BESIDE = {"lstm": 10, "gru": 7, "rnn": 1}  # element-wise operations of a step, for each hidden unit


def kind_of(seen: Seen) -> str:
    """lstm, gru or rnn."""
    return seen.label.partition("_")[0]


def layers(seen: Seen) -> Iterator[int]:
    """The features that each layer of one direction reads."""
    for place in range(seen.fact("layers")):
        yield seen.fact("input") if place == 0 else seen.fact("hidden") * seen.fact("directions")


def over_steps(seen: Seen, step: Callable[[Seen, int], int]) -> int:
    """What all layers, directions and steps cost; ``step`` gives one step of one, for the features that it reads."""
    return seen.fact("steps") * seen.fact("directions") * sum(step(seen, width) for width in layers(seen))


def matrices(seen: Seen, width: int) -> int:
    return GATES[kind_of(seen)] * seen.fact("hidden") * (width + seen.fact("hidden"))


def biases(seen: Seen) -> int:
    """The biases that one step adds: two for each gate and hidden unit."""
    return 2 * GATES[kind_of(seen)] * seen.fact("hidden") if seen.fact("bias") else 0
