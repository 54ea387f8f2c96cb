"""How a job ends on the terminal."""

from __future__ import annotations

from featherbone.cli.run_output import WORST, _worst
from featherbone.metrics import class_scores


def test_the_classes_that_are_recognised_least_are_named_the_worst_first_and_none_that_is_always_right() -> None:
    scores = class_scores([[3, 1, 0, 0], [2, 2, 0, 0], [0, 0, 4, 0], [0, 0, 0, 0]])
    assert list(_worst(("cat", "dog", "owl", "yak"), scores)) == ["least recognised: dog 50.0 %, cat 75.0 %"]
    assert list(_worst(("cat", "dog"), class_scores([[4, 0], [0, 4]]))) == []
    assert list(_worst(("cat",), class_scores([[4]]))) == []
    (line,) = _worst("abcdefghi", class_scores([[1, *8 * [0]] for _ in range(9)]))  # all are taken for the first
    assert line.count(" 0.0 %") == WORST
