"""Labels of images are places among the classes of a network, or what it answers itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from featherbone.data import Dataset, open_dataset
from featherbone.data.pool import UNLABELLED
from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.job.images import preprocessing_of
from featherbone.job.labels import judged_by, predictions, with_labels_of
from featherbone.nn import Model, module, weights_of
from featherbone.progress import Event, Noticed, silent

GRAPH = image(1, 8).conv(4, 3, name="a").act("relu").global_pool().flatten().linear(10, name="b").graph("reader")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits")


def reader(digits: Dataset, classes: tuple[str, ...]) -> Model:
    graph = GRAPH if len(classes) == 10 else image(1, 8).global_pool().flatten().linear(len(classes)).graph("reader")
    weights = weights_of(module(graph, seed=0))
    return Model(graph=graph, weights=weights, classes=classes, preprocessing=preprocessing_of(digits))


def test_some_classes_in_another_order(digits: Dataset) -> None:
    classes = ("none", *reversed(digits.classes))
    found = judged_by(digits, reader(digits, classes), silent)
    assert (found.classes, found.answered_by) == (classes, "")
    for name, split in digits.splits.items():
        words = [digits.classes[label] for label in split.labels]
        assert [classes[label] for label in found.splits[name].labels] == words


def test_the_same_classes_are_left_as_they_are(digits: Dataset) -> None:
    assert judged_by(digits, reader(digits, digits.classes), silent) is digits


def test_wnids_of_imagenet_are_its_classes(digits: Dataset) -> None:
    wnids = ("n01440764", "n01443537", *map(str, range(8)))
    model = reader(digits, ("goldfish", "tench", *map(str, range(8))))
    found = judged_by(replace(digits, classes=wnids), model, silent)
    before, after = digits.splits["test"].labels, found.splits["test"].labels
    assert np.array_equal(after[before == 0], np.ones((before == 0).sum()))
    assert np.array_equal(after[before == 1], np.zeros((before == 1).sum()))


@pytest.mark.parametrize("classes", [(), ("lion", *map(str, range(1, 10)))], ids=["no labels", "a class it lacks"])
def test_else_the_answers_of_the_network_stand_in_their_place(digits: Dataset, classes: tuple[str, ...]) -> None:
    told: list[Event] = []
    model = reader(digits, digits.classes)
    found = judged_by(replace(digits, classes=classes), model, told.append)
    assert (found.classes, found.answered_by) == (digits.classes, "reader")
    for name in ("val", "test"):
        answered = predictions(model.module(), digits.splits[name].images, model.preprocessing)
        assert np.array_equal(found.splits[name].labels, answered.numpy())
    (sentence,) = [event.sentence for event in told if isinstance(event, Noticed)]
    assert sentence in found.warnings
    assert ("not 'lion'" in sentence) == bool(classes)


def test_the_answers_are_taken_to_another_resolution(digits: Dataset) -> None:
    model = reader(digits, digits.classes)
    judged = judged_by(replace(digits, classes=()), model, silent)
    larger = replace(open_dataset("digits", resolution=16), classes=())
    found = with_labels_of(larger, judged)
    assert found.splits["test"].images.shape[1] == 16
    assert np.array_equal(found.splits["test"].labels, judged.splits["test"].labels)
    assert found.answered_by == "reader"
    assert UNLABELLED not in found.splits["val"].labels


def test_answers_that_are_no_numbers_are_refused(digits: Dataset) -> None:
    model = reader(digits, digits.classes)
    broken = replace(model, weights={name: 1e30 * tensor for name, tensor in model.weights.items()})
    with pytest.raises(FeatherboneError, match="no finite numbers"):
        judged_by(replace(digits, classes=()), broken, silent)
