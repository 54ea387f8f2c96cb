"""Which folders mean which classes and splits, and how what is not divided is divided."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featherbone.data.division import divide
from featherbone.data.layout import read_layout
from featherbone.data.splits import SPLITS
from featherbone.errors import FeatherboneError


def listing(content: Mapping[str, int]) -> list[str]:
    return [f"{folder}/{i:03d}.png" for folder, count in content.items() for i in range(count)] + [
        f"{folder}/" for folder in content
    ]


def counts(content: Mapping[str, int], seed: int = 0) -> dict[str, list[int]]:
    """Images of each class by split."""
    layout = read_layout(listing(content), where="pets")
    division, _ = divide(layout, seed=seed)
    labels = {split: [label for _, label in division[split]] for split in SPLITS}
    return {split: [labels[split].count(label) for label in range(len(layout.classes))] for split in SPLITS}


def warnings(content: Mapping[str, int]) -> str:
    layout = read_layout(listing(content), where="pets")
    return " | ".join((*layout.warnings, *divide(layout, seed=0)[1]))


def test_classes_alone_are_divided_by_class() -> None:
    assert counts({"cat": 100, "dog": 20}) == {"train": [70, 14], "val": [15, 3], "test": [15, 3]}


def test_three_splits_are_kept() -> None:
    content = {"train/cat": 5, "train/dog": 4, "val/cat": 3, "val/dog": 2, "test/cat": 1, "test/dog": 1}
    assert counts(content) == {"train": [5, 4], "val": [3, 2], "test": [1, 1]}
    assert warnings(content) == ""


def test_val_is_taken_from_train_where_there_is_only_test() -> None:
    content = {"train/cat": 50, "train/dog": 3, "test/cat": 7, "test/dog": 8}
    assert counts(content) == {"train": [45, 2], "val": [5, 1], "test": [7, 8]}


def test_a_lone_val_serves_as_test_with_a_warning() -> None:
    content = {"train/cat": 50, "train/dog": 50, "val/cat": 7, "val/dog": 8}
    assert counts(content) == {"train": [45, 45], "val": [5, 5], "test": [7, 8]}
    assert "val serves as test" in warnings(content)


@pytest.mark.parametrize("prefix", ["pets/", "a/b/"])
def test_wrapping_folders_are_seen_through(prefix: str) -> None:
    for content in ({"cat": 10, "dog": 10}, {"train/cat": 9, "train/dog": 9, "test/cat": 1, "test/dog": 1}):
        wrapped = {prefix + folder: count for folder, count in content.items()}
        assert counts(wrapped) == counts(content)


def test_folders_below_a_class_belong_to_it() -> None:
    assert counts({"cat/black": 5, "cat/white/old": 5, "dog": 10}) == counts({"cat": 10, "dog": 10})


def test_train_may_be_a_class() -> None:
    layout = read_layout(listing({"train": 3, "bus": 3, "tram": 3}), where="vehicles")
    assert layout.classes == ("bus", "train", "tram")
    layout = read_layout(listing({"train/old": 3, "bus/old": 3, "tram/new": 3}), where="vehicles")
    assert layout.classes == ("bus", "train", "tram")


SPELLINGS = {
    "train": ["training", "Train", "TRAINING", "train_set", "Training Set", "trainset", "TrainImages", "training-data"],
    "val": ["valid", "validation", "Valid", "VALIDATION", "dev", "val_set", "Validation-Images", "valset"],
    "test": ["testing", "Test", "test_set", "testset", "Test Data", "holdout", "eval", "Evaluation"],
}


@pytest.mark.parametrize(("split", "folder"), [(split, name) for split, names in SPELLINGS.items() for name in names])
def test_splits_are_known_by_their_usual_spellings(split: str, folder: str) -> None:
    content = {"train/cat": 5, "train/dog": 4, "val/cat": 3, "val/dog": 2, "test/cat": 1, "test/dog": 1}
    spelt = {name.replace(f"{split}/", f"{folder}/"): count for name, count in content.items()}
    assert counts(spelt) == counts(content)
    assert warnings(spelt) == ""


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("seg_train/seg_train", "seg_test/seg_test"),  # two public sets of Kaggle are packed so
        ("training_set/training_set", "test_set/test_set"),
        ("train2017", "test2017"),
        ("pets-train", "pets-test"),
        ("train/images", "test/images"),
    ],
)
def test_splits_with_a_word_more_or_folders_between_are_known(train: str, test: str) -> None:
    content = {f"{train}/cat": 50, f"{train}/dog": 30, f"{test}/cat": 7, f"{test}/dog": 8}
    assert counts(content) == {"train": [45, 27], "val": [5, 3], "test": [7, 8]}
    assert warnings(content) == ""


def test_eval_is_test_or_what_is_left() -> None:
    parts = {"train/cat": 50, "train/dog": 50, "eval/cat": 7, "eval/dog": 8}
    assert counts(parts)["test"] == [7, 8]
    assert counts({**parts, "test/cat": 3, "test/dog": 3})["val"] == [7, 8]
    assert counts({**parts, "val/cat": 3, "val/dog": 3})["test"] == [7, 8]


@pytest.mark.parametrize("test", ["test", "Testing"])
def test_a_test_folder_without_classes_is_left_out(test: str) -> None:
    """As competitions have it: its labels are not told."""
    listed = [*listing({"train/cat": 20, "train/dog": 20}), *(f"{test}/{number}.jpg" for number in range(9))]
    layout = read_layout(listed, where="pets")
    assert layout.warnings == (f"{test} was left out: its 9 file(s) lie in no class folders, so have no labels",)
    division, _ = divide(layout, seed=0)
    assert {split: len(rows) for split, rows in division.items()} == {"train": 28, "val": 6, "test": 6}
    with_val = read_layout([*listed, *listing({"val/cat": 4, "val/dog": 5})], where="pets")
    assert len(divide(with_val, seed=0)[0]["test"]) == 9


@pytest.mark.parametrize(
    "folders",
    [("train", "extra"), ("train1", "train2"), ("fold1", "fold2", "fold3"), ("trainset_a", "testset_b"), ("a", "test")],
)
def test_classes_that_look_like_splits_are_refused(folders: tuple[str, ...]) -> None:
    content = {f"{folder}/{name}": 9 for folder in folders for name in ("cat", "dog")}
    with pytest.raises(FeatherboneError, match=r"look like splits: cat, dog lie in more than one of them") as caught:
        counts(content)
    assert "train, val and test" in caught.value.hint


def test_two_folders_for_one_split_are_refused() -> None:
    content = {"train/cat": 5, "train/dog": 5, "Training/cat": 5, "Training/dog": 5, "test/cat": 2, "test/dog": 2}
    with pytest.raises(FeatherboneError, match="two folders for train: 'Training' and 'train'"):
        counts(content)


@pytest.mark.parametrize("parts", [("train", "test"), ("Training", "valid", "test")])
def test_splits_inside_of_classes_are_refused(parts: tuple[str, ...]) -> None:
    """They would be one class each, whose test images are trained on."""
    content = {f"{name}/{part}": 5 for name in ("cat", "dog") for part in parts}
    with pytest.raises(FeatherboneError, match="splits inside of its classes: each of cat, dog holds"):
        counts(content)


def test_classes_that_all_hold_the_same_sub_folders_are_told() -> None:
    content = {"2021/cat": 5, "2021/dog": 5, "2022/cat": 5, "2022/dog": 5}
    assert "each of the classes 2021, 2022 holds the same sub-folders, cat, dog" in warnings(content)
    assert warnings({**content, "2022": 3}) == ""


@given(st.integers(3, 200), st.integers(0, 5))
def test_every_class_is_in_every_split_and_nothing_is_lost(count: int, seed: int) -> None:
    layout = read_layout(listing({"cat": count, "dog": 3}), where="pets")
    division, _ = divide(layout, seed=seed)
    names = [name for split in SPLITS for name, _ in division[split]]
    assert sorted(names) == sorted(layout.files())
    assert len(set(names)) == len(names)
    for split in SPLITS:
        assert {label for _, label in division[split]} == {0, 1}


def test_the_seed_decides_and_the_order_of_the_listing_does_not() -> None:
    files = listing({"cat": 40, "dog": 40})
    first, again = (divide(read_layout(order, where="pets"), seed=0)[0] for order in (files, files[::-1]))
    assert first == again
    assert first != divide(read_layout(files, where="pets"), seed=1)[0]


def test_a_wrapping_folder_changes_no_split() -> None:
    files = listing({"cat": 40, "dog": 40})
    plain, wrapped = (
        divide(read_layout(found, where="pets"), seed=0)[0] for found in (files, [f"v1/{f}" for f in files])
    )
    assert wrapped == {split: [(f"v1/{path}", label) for path, label in rows] for split, rows in plain.items()}


def test_this_division_is_for_ever() -> None:
    """A change here changes everybody's splits: it needs a new FORMAT in index.py."""
    division, _ = divide(read_layout(listing({"cat": 6, "dog": 6}), where="pets"), seed=0)
    assert division["test"] == [("cat/004.png", 0), ("dog/002.png", 1)]
    assert division["val"] == [("cat/005.png", 0), ("dog/003.png", 1)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "'pets' holds no files"),
        ({"cat": 0, "dog": 0}, "'pets' holds no files"),
        ({"cat": 5, "dog": 0}, "'pets' has an empty class: dog"),
        ({"cat": 5}, "'pets' has only one class, 'cat'; a classifier needs at least two"),
        ({"train/cat": 5, "test/cat": 5}, "only one class, 'cat'"),
        ({"train/cat": 5, "train/dog": 5, "test/cat": 1, "test/cow": 1}, "has a class in test that train lacks: cow"),
        ({"train/cat": 5, "train/dog": 5, "val/cow": 1}, "has a class in val that train lacks: cow"),
        ({"train/cat": 5, "train/dog": 0, "test/cat": 1}, "has an empty class in train: dog"),
        ({"train/cat": 5, "train/dog": 5, "test": 0}, "has no class folders in test"),
        ({"val/cat": 5, "test/cat": 5}, "has val and test but no train folder"),
        ({"cat": 10, "dog": 2}, "too few images to divide: each class needs 3 or more, .*'dog' has 2"),
        ({"train/cat": 9, "train/dog": 1, "test/cat": 1, "test/dog": 1}, "each class needs 2 or more, .*'dog' has 1"),
    ],
)
def test_what_makes_no_data_set_is_refused_in_one_sentence(content: dict[str, int], sentence: str) -> None:
    with pytest.raises(FeatherboneError, match=sentence) as caught:
        counts(content)
    assert caught.value.hint


def test_images_without_class_folders_are_refused() -> None:
    with pytest.raises(FeatherboneError, match=r"holds files but no class folders, for example 'a\.png'"):
        read_layout(["a.png", "b.png"], where="pets")
    with pytest.raises(FeatherboneError, match="has no class folders in train"):
        read_layout(["train/a.png", "test/b.png"], where="pets")


def test_what_is_left_out_is_told() -> None:
    layout = read_layout([*listing({"cat": 3, "dog": 3}), "README.md", "stray.png"], where="pets")
    assert layout.warnings == ("2 file(s) outside of class folders were left out: README.md, stray.png",)
    content = {"train/cat": 3, "train/dog": 3, "test/cat": 3, "test/dog": 3, "extra/cow": 3}
    assert warnings(content) == "folders beside train and test were left out: extra"


def test_unbalanced_and_missing_classes_are_told() -> None:
    assert "very unbalanced: train has 350 of 'cat', 6 of 'dog'" in warnings({"cat": 500, "dog": 10})
    assert "unbalanced" not in warnings({"cat": 100, "dog": 10})
    content = {"train/cat": 9, "train/dog": 9, "test/cat": 1}
    assert warnings(content) == "test has no image of dog"
