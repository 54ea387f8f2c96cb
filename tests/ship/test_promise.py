"""The verdict on two sets of logits: how far apart they may be, and that doubt is a failure."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from featherbone.ship.promise import A_STEP_APART, CLOSE, EXACT, HALF_CLOSE, log_probabilities
from featherbone.ship.verify import compared

IMAGES = 200
LOGITS = np.random.default_rng(0).normal(size=(IMAGES, 10)).astype(np.float32)
SPREAD = float(LOGITS.max() - LOGITS.min())


def with_classes_swapped(logits: np.ndarray, images: int) -> np.ndarray:
    """Logits that lie together but name another class for so many images."""
    swapped = logits.copy()
    swapped[:images, :2] = swapped[:images, 1::-1]
    return swapped


def test_the_same_logits_pass() -> None:
    verification = compared(LOGITS, LOGITS)
    assert verification.passed
    assert (verification.images, verification.largest_difference, verification.top1_agreement) == (IMAGES, 0, 1)


@pytest.mark.parametrize(("share", "passes"), [(0.5e-5, True), (2e-5, False)])
def test_one_logit_may_differ_by_a_hundred_thousandth_of_the_spread(share: float, passes: bool) -> None:
    found = LOGITS.astype(np.float64)
    found[-1, -1] += share * SPREAD
    verification = compared(LOGITS, found)
    assert verification.passed is passes
    assert verification.largest_difference == pytest.approx(share * SPREAD, rel=1e-3)
    assert verification.allowed == pytest.approx(1e-5 * SPREAD)


@pytest.mark.parametrize(("apart", "passes"), [(1e-7, True), (1e-4, False)])
def test_a_class_may_change_where_two_are_equal_but_for_rounding(apart: float, passes: bool) -> None:
    near = np.tile(np.array([0, apart, -1], dtype=np.float32), (IMAGES, 1))
    verification = compared(near, with_classes_swapped(near, 3))
    assert verification.passed is passes
    assert verification.top1_agreement == 0.985


@pytest.mark.parametrize(
    ("logits", "difference", "passes"),
    [
        ([0.51, 0.55], 9e-7, True),  # what a run on a folder of photos was failed for
        ([0.51, 0.55], 4e-6, True),
        ([0.51, 0.55], 6e-6, False),
        ([300.0, 300.01], 1.2e-4, True),  # four units in the last place
        ([300.0, 300.01], 1e-3, False),
    ],
)
def test_nearly_equal_logits_may_differ_by_rounding_whatever_their_spread(
    logits: list[float], difference: float, passes: bool
) -> None:
    expected = np.tile(np.array(logits, dtype=np.float32), (IMAGES, 1))
    found = expected.astype(np.float64)
    found[5, 1] += difference
    assert compared(expected, found).passed is passes


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_logit_that_is_not_finite_fails(value: float) -> None:
    found = LOGITS.copy()
    found[7, 3] = value
    verification = compared(LOGITS, found)
    assert not verification.passed
    assert json.loads(json.dumps(asdict(verification), allow_nan=False))["reason"].endswith("finite numbers")


def test_logits_without_spread_must_be_equal_but_for_rounding() -> None:
    flat = np.zeros((IMAGES, 2), dtype=np.float32)
    assert compared(flat, flat).passed
    assert compared(flat, flat + np.float32(1e-9)).passed
    assert not compared(flat, flat + np.float32(1e-5)).passed


def probabilities(logits: np.ndarray) -> np.ndarray:
    return np.exp(log_probabilities(logits)).astype(np.float32)


@pytest.mark.parametrize(("apart", "passes"), [(1e-4, True), (2e-3, False)])
def test_a_probability_near_nothing_tells_what_a_logit_tells(apart: float, passes: bool) -> None:
    sure = np.tile(np.array([20.0, 0.0, -20.0]), (IMAGES, 1))
    moved = sure.copy()
    moved[3, 2] += apart
    found = CLOSE.verdict_on_probabilities(sure, probabilities(moved), what="the file")
    assert found.passed is passes
    assert np.abs(probabilities(moved) - probabilities(sure)).max() < 1e-9


def test_probabilities_that_are_nothing_are_compared_too() -> None:
    hopeless = np.tile(np.array([100.0, 0.0]), (IMAGES, 1))
    assert CLOSE.verdict_on_probabilities(hopeless, probabilities(hopeless), what="the file").passed


@pytest.mark.parametrize(("step", "count", "passes"), [(0.5, 90, True), (0.5, 110, False), (0.4, 90, False)])
def test_a_few_logits_of_integers_may_be_further_than_a_step(step: float, count: int, passes: bool) -> None:
    found = LOGITS.astype(np.float64) + 0.45
    found.flat[-count:] += 0.2
    assert A_STEP_APART.verdict(LOGITS, found, what="the file", step=step).passed is passes


@pytest.mark.parametrize(("margin", "images", "passes"), [(1.0, 5, False), (1.0, 1, True), (0.1, 5, True)])
def test_integers_may_name_another_class_only_where_two_are_nearly_equal(
    margin: float, images: int, passes: bool
) -> None:
    sure = np.tile(np.array([margin, 0, -5, -5, -5, -5], dtype=np.float32), (IMAGES, 1))
    found = A_STEP_APART.verdict(sure, with_classes_swapped(sure, images), what="the file", step=0.1)
    assert found.passed is passes
    assert found.top1_agreement == 1 - images / IMAGES


def test_float16_may_differ_by_its_roundings_and_not_by_a_hundredth() -> None:
    assert HALF_CLOSE.verdict(LOGITS, LOGITS.astype(np.float16).astype(np.float32), what="the file").passed
    assert not HALF_CLOSE.verdict(LOGITS, LOGITS * 1.05, what="the file").passed


def test_exact_is_exact() -> None:
    assert EXACT.verdict(LOGITS, LOGITS.copy(), what="the file").passed
    nearly = LOGITS.copy()
    nearly[9, 9] = np.nextafter(nearly[9, 9], np.float32(9))
    assert not EXACT.verdict(LOGITS, nearly, what="the file").passed
