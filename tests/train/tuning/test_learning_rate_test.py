"""What a range test suggests."""

from __future__ import annotations

import pytest

from featherbone.errors import FeatherboneError
from featherbone.train.tuning.learning_rate_test import RangePoint, _judged


def points(*losses: float) -> list[RangePoint]:
    """Losses at rates of 0.001, 0.01 and so on."""
    return [RangePoint(learning_rate=10.0 ** (n - 3), loss=loss, smoothed=loss) for n, loss in enumerate(losses)]


def test_a_third_of_the_rate_with_the_lowest_loss_is_suggested() -> None:
    found = _judged(points(2.0, 1.5, 1.0, 1.2, 9.0))
    assert found.lowest_at == pytest.approx(0.1)
    assert found.suggestion == pytest.approx(0.1 / 3)
    assert "lowest (1) at a learning rate of 0.1, was lost at 10" in found.reason
    assert "not yet lost at 0.1" in _judged(points(2.0, 1.5, 1.0)).reason


@pytest.mark.parametrize("losses", [(), (1.0, 2.0), (2.0, 1.99, 5.0)])
def test_where_the_loss_never_fell_nothing_is_suggested(losses: tuple[float, ...]) -> None:
    with pytest.raises(FeatherboneError, match="the loss never fell"):
        _judged(points(*losses))
