"""The form that a network of the zoo takes for images of a size, and what the other one would cost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from featherbone.cost import count
from featherbone.job.training.zoo_target import zoo_graph
from featherbone.networks import network
from featherbone.networks.shared.ends import SMALL_SIDE


def images(side: int) -> Any:
    return SimpleNamespace(classes=("cat", "dog"), channels=3, resolution=side, name="pets")


@pytest.mark.parametrize("side", [SMALL_SIDE, SMALL_SIDE + 1])
def test_at_the_limit_both_forms_are_priced(side: int) -> None:
    small = side <= SMALL_SIDE
    graph, said = zoo_graph("mobilenet_v2", images(side))
    macs = {
        form: int(count(network("mobilenet_v2", classes=2, resolution=side, small=form)).macs) for form in (True, False)
    }
    assert int(count(graph).macs) == macs[small]
    assert macs[True] > 10 * macs[False]
    form = "the small-image form, as images of up to 64×64 do" if small else "the paper's strides"
    assert said[1] == (
        f"images of {side}×{side} get {form}: {macs[small] / 1e6:,.1f} M multiply-adds; small={str(not small).lower()} "
        f"would cost {macs[not small] / 1e6:,.1f} M multiply-adds"
    )


@pytest.mark.parametrize(
    ("spec", "side"),
    [("mobilenet_v2:small=true", 64), ("mobilenet_v2", 224), ("mobilenet_v2", 16), ("cifar_resnet20", 64)],
)
def test_where_nothing_was_chosen_nothing_is_priced(spec: str, side: int) -> None:
    assert len(zoo_graph(spec, images(side))[1]) == 1
