"""What a network sees of an image: the share of its shorter side, and how it is resized."""

from __future__ import annotations

import pytest

from featherbone.errors import FeatherboneError
from featherbone.view import WHOLE, View


@pytest.mark.parametrize(
    ("crop", "resolution", "resized"), [(0.875, 224, 256), (224 / 232, 224, 232), (299 / 342, 299, 342), (1, 32, 32)]
)
def test_the_published_sizes_come_out(crop: float, resolution: int, resized: int) -> None:
    assert View(crop=crop).resized(resolution) == resized


@pytest.mark.parametrize("crop", [0, -0.5, 1.001, float("nan"), float("inf"), True, "0.9"])
def test_a_share_lies_above_nothing_and_at_most_at_all(crop: object) -> None:
    with pytest.raises(FeatherboneError, match="above 0 and at most 1"):
        View(crop=crop)


def test_an_unknown_interpolation_is_refused_with_the_nearest() -> None:
    with pytest.raises(FeatherboneError, match=r"it must be one of bilinear, bicubic \(did you mean bicubic\?\)"):
        View(interpolation="cubic")
    assert View() == WHOLE
