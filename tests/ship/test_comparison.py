"""The verdict on two sets of logits: how far apart they may be, and that doubt is a failure."""

import numpy as np
import pytest

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
    assert verification.relative_difference == pytest.approx(share, rel=1e-3)


@pytest.mark.parametrize(("images", "passes"), [(2, True), (3, False)])
def test_ties_may_fall_the_other_way_for_one_image_in_a_hundred(images: int, passes: bool) -> None:
    near = np.tile(np.array([0, 1e-7, -1], dtype=np.float32), (IMAGES, 1))
    assert compared(near, with_classes_swapped(near, images)).passed is passes


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_logit_that_is_not_finite_fails(value: float) -> None:
    found = LOGITS.copy()
    found[7, 3] = value
    assert not compared(LOGITS, found).passed


def test_logits_without_spread_must_be_equal() -> None:
    flat = np.zeros((IMAGES, 2), dtype=np.float32)
    assert compared(flat, flat).passed
    assert not compared(flat, flat + np.float32(1e-9)).passed
