import pytest

from featherbone.job.pruning.teaching import _afforded


@pytest.mark.parametrize(
    ("seconds", "epochs"),
    [(0.5, 0), (2.9, 0), (3.0, 1), (47.9, 15), (48.0, 16), (49.9, 16), (50.0, 17), (68.0, 26)],
)
def test_the_teacher_is_paid_for_once_for_each_view(seconds: float, epochs: int) -> None:
    assert _afforded(seconds, own=2.0, teachers=1.0) == epochs
