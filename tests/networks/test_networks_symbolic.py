"""Networks with symbols for width and resolution: one closed form that equals the counts at sampled points."""

from __future__ import annotations

import pytest

from featherbone.cost import count
from featherbone.graph import from_json, symbols, to_json
from featherbone.networks import NETWORKS, network

ALPHA, SIDE = symbols("alpha I")

WIDTHS = {  # the widths at which no channel needs rounding
    "mobilenet_v1": (0.25, 0.5, 0.75, 1.0),
    "mobilenet_v2": (1.0,),
    "mobilenet_v2:divisor=1": (0.25, 0.5, 0.75, 1.0),
    "mobilenet_v2:small=true": (1.0,),
    "shufflenet_v1": (0.5, 1.0),
    "shufflenet_v1:groups=1": (0.25, 0.5, 0.75, 1.0),
    "resnet18": (0.5, 1.0, 2.0),
    "resnet50": (0.5, 1.0, 2.0),
    "cifar_resnet20": (0.25, 0.5, 1.0, 2.0),
    "mobilenet_v3_large:divisor=1": (0.5, 1.0),
    "mobilenet_v3_small:divisor=1": (0.5, 1.0),
    "mnasnet_a1": (1.0,),
    "mnasnet_b1": (1.0,),
    "mnasnet_b1:divisor=1": (0.25, 0.5, 0.75, 1.0),
    "efficientnet_b0": (1.0,),
    "efficientnet_b0:divisor=1,depth=1.8": (0.5, 1.0),
    "squeezenext": (0.25, 0.5, 1.0),
    "ghostnet:divisor=1": (0.5, 1.0),
    "mobilenet_v4_conv_small": (0.5, 1.0),
    "mobilenet_v4_conv_small:divisor=1": (0.25, 0.5, 0.75, 1.0),
    "efficientnet_lite0": (1.0,),
    "lcnet": (0.5, 1.0),
    "tinynet_a": (1.0,),
    "repghostnet:divisor=1": (1.0,),
    "mobileone_s0": (0.5, 1.0, 2.0),
    "mobileone_s4:merged=true": (0.5, 1.0),
    "mlperf_tiny_resnet8": (0.5, 1.0, 2.0),
}


@pytest.mark.parametrize("spec", WIDTHS)
def test_closed_form_in_width_and_resolution(spec: str) -> None:
    widths = WIDTHS[spec]
    symbolic = count(network(spec, width=ALPHA, resolution=SIDE))
    for width in widths:
        for side in (32, 64, 224):
            numbers = count(network(spec, width=width, resolution=side))
            point = {ALPHA: _exact(width), SIDE: side}
            assert symbolic.params.subs(ALPHA, _exact(width)) == numbers.params
            assert symbolic.macs.subs(point) == numbers.macs
            assert symbolic.activations.subs(point) == numbers.activations


@pytest.mark.parametrize("name", NETWORKS)
def test_closed_form_in_resolution(name: str) -> None:
    symbolic = count(network(name, resolution=SIDE))
    for side in (128, 320):
        numbers = count(network(name, resolution=side))
        assert _at(symbolic.params, side) == numbers.params
        assert _at(symbolic.macs, side) == numbers.macs


def test_classes_may_be_a_symbol() -> None:
    (classes,) = symbols("C")
    symbolic = count(network("mobilenet_v2", classes=classes)).params
    assert symbolic.subs(classes, 10) == count(network("mobilenet_v2", classes=10)).params


def test_symbolic_text_and_back() -> None:
    graph = network("mobilenet_v2", width=ALPHA, resolution=SIDE)
    assert from_json(to_json(graph)) == graph


def _at(value: object, side: int) -> object:
    return value.subs(SIDE, side) if hasattr(value, "subs") else value


def _exact(width: float) -> object:
    import sympy

    return sympy.Rational(str(width))
