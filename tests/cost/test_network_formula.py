"""Closed forms of whole networks equal the counts wherever the rounding of channels and sides does nothing."""

import pytest
import sympy

from featherbone.cost import count, network_formula
from featherbone.errors import FeatherboneError
from featherbone.networks import network


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("alexnet", {}),
        ("vgg16", {}),
        ("bn_inception", {}),
        ("squeezenet", {}),
        ("resnet50", {}),
        ("resnext50_32x4d", {}),
        ("mobilenet_v1", {}),
        ("mobilenet_v2", {"divisor": 1}),
        ("shufflenet_v2", {"width": 1.0}),
        ("se_resnet50", {}),
        ("cifar_resnet20", {}),
    ],
)
def test_it_holds_at_every_sample(name: str, settings: dict[str, object]) -> None:
    form = network_formula(name, **settings)
    assert len(form.checked) >= 2
    assert form.held == form.checked


def test_it_says_where_rounding_makes_it_fail() -> None:
    form = network_formula("mobilenet_v2")
    assert {sample.width for sample in form.held} == {1.0}
    assert {sample.width for sample in form.checked} == {1.0, 0.75, 0.5, 0.25}


def test_a_sample_that_fails_is_told_from_one_that_holds() -> None:
    macs, _ = network_formula("mobilenet_v1").at(resolution=225)
    assert macs != count(network("mobilenet_v1:resolution=225")).macs


def test_parameters_do_not_depend_on_the_resolution_of_a_pooled_network() -> None:
    form = network_formula("mobilenet_v1")
    assert form.parameters.free_symbols == {sympy.Symbol("alpha", positive=True, integer=True)}
    assert form.to_json()["parameters"] == "3139584*alpha**2 + 1091392*alpha + 1000"
    assert r"\alpha" in form.latex()


def test_a_fixed_width_is_a_number_in_the_form() -> None:
    form = network_formula("mobilenet_v1", width=0.5)
    assert {sample.width for sample in form.checked} == {None}
    assert form.at(resolution=160) == (76524800, 1331592)


def test_what_it_refuses() -> None:
    with pytest.raises(FeatherboneError, match="no closed form in its width"):
        network_formula("shufflenet_v2")
    with pytest.raises(FeatherboneError, match="unknown network"):
        network_formula("mobilenet_v9")
    with pytest.raises(FeatherboneError, match="no setting 'widht'"):
        network_formula("mobilenet_v1", widht=1.0)
