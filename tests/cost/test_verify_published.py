"""The verdicts on the published table: what agrees truly agrees, and every other verdict has a computed reason."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featherbone.cost import Count, count
from featherbone.cost.alternatives import ALTERNATIVES
from featherbone.cost.published import QUANTITIES, Figure, Published, errata, published
from featherbone.cost.verify import AGREE, CANNOT_SAY, CONVENTION, ERRATUM, VERDICTS, Verdict, summary, verify
from featherbone.errors import FeatherboneError
from featherbone.networks import network


@cache
def counted(spec: str) -> Count:
    return count(network(spec))


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    return verify()


def find(verdicts: list[Verdict], quantity: str, **wanted: str) -> Verdict:
    found = [v for v in verdicts if v.quantity == quantity and all(w in getattr(v, k) for k, w in wanted.items())]
    assert found, wanted
    return found[0]


def test_every_figure_has_one_verdict(verdicts: list[Verdict]) -> None:
    figures = sum(max(1, sum(getattr(row, quantity) is not None for quantity in QUANTITIES)) for row in published())
    assert len(verdicts) == figures
    assert sum(summary(verdicts).values()) == figures
    assert {verdict.verdict for verdict in verdicts} == set(VERDICTS)
    assert all(verdict.reason for verdict in verdicts if verdict.verdict != AGREE)


def test_every_network_of_the_table_exists() -> None:
    specs = {row.network for row in published() if row.network}
    assert len(specs) > 80
    for spec in specs:
        assert counted(spec).graph.output_shape == (1000,)


def test_what_agrees_would_not_agree_one_digit_away(verdicts: list[Verdict]) -> None:
    rows = {(row.title, row.source, quantity): getattr(row, quantity) for row in published() for quantity in QUANTITIES}
    agreeing = [verdict for verdict in verdicts if verdict.verdict == AGREE]
    assert len(agreeing) > 200
    for verdict in agreeing:
        figure = rows[f"{verdict.model} {verdict.variant}".strip(), verdict.source, verdict.quantity]
        computed = counted(verdict.network)
        assert getattr(computed, verdict.quantity) == verdict.computed
        assert abs(verdict.published - verdict.computed) <= figure.step
        assert not figure.agrees(verdict.computed + 2 * figure.step)
        assert not figure.agrees(verdict.computed - 2 * figure.step)


def test_a_figure_moved_by_its_own_step_never_agrees() -> None:
    rows = [row for row in published() if row.network and row.macs][::4]
    for row in rows:
        assert row.macs is not None
        exact = int(counted(row.network).macs)
        for moved in (exact + row.macs.step, exact - row.macs.step):
            wrong = replace(row, macs=replace(row.macs, value=moved), params=None, activations=None)
            assert [verdict.verdict for verdict in verify([wrong])] != [AGREE]


def test_a_row_pointed_at_another_network_does_not_agree() -> None:
    row = next(row for row in published() if row.network == "resnet50" and row.origin == "timm")
    other = verify([replace(row, network="resnext50_32x4d")])
    assert [verdict.verdict for verdict in other] == [CANNOT_SAY] * 3
    assert all("no documented convention" in verdict.reason for verdict in other)


def test_tools_own_rules_explain_nobody_elses_figures() -> None:
    row = next(row for row in published() if row.network == "mobilenet_v2" and row.origin == "timm" and row.macs)
    (own,) = verify([replace(row, params=None, activations=None)])
    assert (own.verdict, own.reason) == (CONVENTION, "fvcore's convention: norms and global pooling charged")
    stranger = replace(row, origin="paper or authors", source="somebody", params=None, activations=None)
    figure = Figure(value=314_193_216, step=1)
    (unexplained,) = verify([replace(stranger, macs=figure)])
    assert unexplained.verdict == CANNOT_SAY


@pytest.mark.parametrize(
    ("network_spec", "quantity", "source", "verdict", "reason"),
    [
        ("mobilenet_v1:width=0.75", "macs", "MobileNetV1 paper", AGREE, ""),
        ("mobilenet_v1:width=0.75", "macs", "mobilenet_v1.md", ERRATUM, "first convolution left out"),
        ("mobilenet_v1:width=0.25,resolution=192", "macs", "mobilenet_v1.md", ERRATUM, "12 % high"),
        ("mobilenet_v1:convolution=full", "macs", "MobileNetV1 paper", CONVENTION, "linear layers left out"),
        ("mobilenet_v2:width=1.4", "params", "Table 4", ERRATUM, "not reachable"),
        ("mobilenet_v2:width=0.5,resolution=96", "macs", "README", ERRATUM, "floored"),
        ("mobilenet_v2:width=1.4", "params", "README", ERRATUM, "norm parameters left out"),
        ("squeezenet", "macs", "MobileNetV1 paper Table 9", ERRATUM, "FLOPs quoted"),
        ("squeezenet", "macs", "ShuffleNetV1 paper Table 6", ERRATUM, "counted at resolution 227"),
        ("resnet50", "macs", "pycls", CONVENTION, "biases charged"),
        ("resnet50", "activations", "pycls", CONVENTION, "max pooling writes"),
        ("resnet50", "activations", "timm", AGREE, ""),
        ("vgg16", "macs", "MobileNetV1 paper Table 8", CONVENTION, "linear layers left out"),
        ("vgg16:norm=true", "params", "timm", CONVENTION, "keep a bias"),
        ("se_resnet50", "macs", "timm", CONVENTION, "squeeze-and-excitation free"),
        ("mobilenet_v1", "macs", "pytorchcv", CONVENTION, "pytorchcv's convention"),
        ("mobilenet_v1", "params", "pytorchcv", AGREE, ""),
        ("regnety_400mf", "macs", "pycls", CONVENTION, "biases charged"),
        ("regnety_400mf", "params", "pycls", AGREE, ""),
        ("efficientnet_b0", "macs", "EfficientNet paper", CONVENTION, "rounded to two digits"),
        ("efficientnet_b0", "macs", "pycls", CONVENTION, "biases charged"),
        ("efficientnet_b0", "macs", "pytorchcv", CONVENTION, "pytorchcv's convention"),
        ("mobilenet_v3_large", "macs", "tensorflow/models", AGREE, ""),
        ("mobilenet_v3_large", "params", "pytorchcv", CONVENTION, "hidden linear layers without bias"),
        ("mobilenet_v3_small:width=0.75", "params", "MobileNetV3 paper", ERRATUM, "hidden layer of 1280"),
        ("mobilenet_v4_conv_small", "activations", "timm", AGREE, ""),
        ("mcunet_in4", "macs", "mcunet README", AGREE, ""),
        ("shufflenet_v1:width=2", "macs", "ShuffleNetV1 paper Table 5", AGREE, ""),
    ],
)
def test_known_verdicts(
    verdicts: list[Verdict], network_spec: str, quantity: str, source: str, verdict: str, reason: str
) -> None:
    exact = [v for v in verdicts if v.network == network_spec]
    found = find(exact, quantity, source=source)
    assert found.verdict == verdict
    assert reason in found.reason


def test_a_row_without_a_network_or_a_figure_says_so(verdicts: list[Verdict]) -> None:
    assert find(verdicts, "macs", model="ProxylessNAS").reason == "featherbone has no counterpart of this network"
    assert "top-1" in find(verdicts, "top1", variant="int8 quantized").reason


def test_an_unknown_network_is_an_error() -> None:
    row = next(row for row in published() if row.network == "vgg16" and row.macs)
    with pytest.raises(FeatherboneError, match="did you mean vgg16"):
        verify([replace(row, network="vgg_16")])


def test_each_erratum_of_a_network_that_exists_is_met_or_about_a_row_not_in_the_table(verdicts: list[Verdict]) -> None:
    met = {(v.model, v.quantity, v.published) for v in verdicts if v.verdict == ERRATUM}
    unmet = {(e.model, e.quantity, e.published) for e in errata()} - met
    outside = {
        ("MobileNetV1", "macs", 529_000_000),
        ("ShuffleNetV1", "macs", 524_000_000),
    }  # keras; ours has 48 channels
    assert unmet == outside


def test_an_erratum_concerns_one_place_one_setting_and_one_value() -> None:
    row = next(
        row for row in published() if row.network == "mobilenet_v1:width=0.75" and "mobilenet_v1.md" in row.source
    )
    assert row.macs is not None
    found = [erratum for erratum in errata() if erratum.concerns(row, "macs", row.macs)]
    assert len(found) == 1
    for other in (
        replace(row, source="somebody else"),
        replace(row, resolution="192"),
        replace(row, width="1"),
        replace(row, model="MobileNetV2"),
    ):
        assert not found[0].concerns(other, "macs", row.macs)
    assert not found[0].concerns(row, "params", row.macs)
    assert not found[0].concerns(row, "macs", replace(row.macs, value=row.macs.value + 1))


@given(st.integers(1, 10**10), st.sampled_from([1, 10**4, 10**6, 10**7, 10**8]))
def test_a_figure_agrees_with_what_rounds_to_it_and_nothing_else(value: int, step: int) -> None:
    figure = Figure(value=value // step * step, step=step)
    assert figure.agrees(figure.value)
    assert figure.agrees(figure.value + step // 2)
    assert not figure.agrees(figure.value + step // 2 + 1)
    assert not figure.agrees(figure.value - step // 2 - 1)


@pytest.mark.parametrize("spec", ["resnet50", "squeezenet", "mobilenet_v2", "vgg16", "shufflenet_v1"])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_alternatives_predict_other_numbers_than_the_count(spec: str, quantity: str) -> None:
    graph = network(spec)
    values = [alternative.count(graph) for alternative in ALTERNATIVES[quantity]]
    assert any(value not in (None, getattr(count(graph), quantity)) for value in values)


def test_the_rows_read_from_memory_are_not_shipped() -> None:
    assert len(published()) == 582
    assert all(isinstance(row, Published) and row.source for row in published())
