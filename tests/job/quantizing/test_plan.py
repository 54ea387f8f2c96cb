"""Labels of a data set become places among the classes of a network."""

from dataclasses import replace

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.job.quantizing.plan import with_classes


def test_some_classes_in_another_order(digits):
    classes = ("none", *reversed(digits.classes))
    found = with_classes(digits, classes, "reader")
    assert found.classes == classes
    for name, split in digits.splits.items():
        words = [digits.classes[label] for label in split.labels]
        assert [classes[label] for label in found.splits[name].labels] == words


def test_the_same_classes_are_left_as_they_are(digits):
    assert with_classes(digits, digits.classes, "reader") is digits


def test_wnids_of_imagenet_are_its_classes(digits):
    wnids = ("n01440764", "n01443537", *map(str, range(8)))
    found = with_classes(replace(digits, classes=wnids), ("goldfish", "tench", *map(str, range(8))), "reader")
    before, after = digits.splits["test"].labels, found.splits["test"].labels
    assert np.array_equal(after[before == 0], np.ones((before == 0).sum()))
    assert np.array_equal(after[before == 1], np.zeros((before == 1).sum()))


def test_a_class_that_the_network_does_not_know_is_named(digits):
    with pytest.raises(FeatherboneError, match=r"reader knows 2 classes .* shows '2' besides"):
        with_classes(digits, ("0", "1"), "reader")
