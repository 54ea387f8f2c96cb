"""From a source to a data set: pixels, labels, bad files, warnings, fingerprint."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dataset_cases import MakeFolder, same, spoil, told

from featherbone.data import index as index_module
from featherbone.data import load_image, open_dataset
from featherbone.errors import FeatherboneError
from featherbone.view import View


def test_every_row_is_the_image_and_the_class_that_its_path_names(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 10, "dog": 12})
    data = open_dataset(root)
    assert (data.name, data.classes, data.channels, data.resolution) == ("pets", ("cat", "dog"), 3, 8)
    assert list(data.splits) == ["train", "val", "test"]
    assert sum(len(split.paths) for split in data.splits.values()) == 22
    for split in data.splits.values():
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert split.images.shape == (len(split.paths), 8, 8, 3)
        assert not split.images.flags.writeable
        assert isinstance(split.images, np.memmap)
        for path, image, label in zip(split.paths, split.images, split.labels, strict=True):
            assert np.array_equal(image, load_image(root / path, resolution=8, channels=3))
            assert path.startswith(data.classes[label])


def test_mean_and_std_are_those_of_train(make_folder: MakeFolder) -> None:
    data = open_dataset(make_folder({"cat": 10, "dog": 10}))
    pixels = data.splits["train"].images / 255
    assert np.allclose(data.mean, pixels.mean(axis=(0, 1, 2)), atol=1e-12)
    assert np.allclose(data.std, pixels.std(axis=(0, 1, 2)), atol=1e-12)


def test_a_view_has_pixels_and_a_fingerprint_of_its_own(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 6, "dog": 6}, size=(32, 32))
    views = (View(), View(crop=0.75), View(crop=0.75, interpolation="bicubic"))
    found = [open_dataset(root, resolution=20, view=view) for view in views]
    assert [data.view for data in found] == list(views)
    assert len({data.fingerprint for data in found}) == 3
    for data in found:
        split = data.splits["train"]
        expected = load_image(root / split.paths[0], resolution=20, channels=3, view=data.view)
        assert np.array_equal(split.images[0], expected)
        assert open_dataset(root, resolution=20, view=data.view).fingerprint == data.fingerprint


def test_the_usual_view_leaves_fingerprints_as_they_were() -> None:
    digits = "e4784b2d"
    assert open_dataset("digits").fingerprint.startswith(digits)


def test_images_of_one_colour_keep_a_positive_std(make_folder: MakeFolder, encode: Callable[..., bytes]) -> None:
    root = make_folder({"cat": 3, "dog": 3})
    for number, path in enumerate(sorted(root.rglob("*.png"))):
        path.write_bytes(encode(np.full((4, 4), 9, dtype=np.uint8), comment=number))
    assert open_dataset(root).std == (1 / 255,)


def test_size_and_channels_follow_the_images_or_the_request(make_folder: MakeFolder) -> None:
    content = {"cat": 3, "dog": 3}
    grey = make_folder(content, name="grey", channels=1)
    assert open_dataset(grey).channels == 1
    assert open_dataset(grey, channels=3, resolution=5).splits["val"].images.shape == (2, 5, 5, 3)
    wide = open_dataset(make_folder(content, name="wide", size=(12, 8)))
    assert wide.resolution == 8
    assert told(wide) == ["images are 12×8: the centre 8×8 of each is used"]


@pytest.mark.parametrize(
    ("size", "side", "said"),
    [
        ((64, 64), 64, ""),
        ((65, 65), 65, "images are 65×65 and stay so; at --resolution 224 the same network costs 11.9 times "),
        ((200, 150), 150, "images are 200×150: the centre 150×150 of each is used; at --resolution 224 the same netw"),
        ((224, 224), 224, "images are 224×224 and stay so; at --resolution 112 the same network costs 0.25 times "),
        ((300, 256), 224, "images are 300×256: each is brought to 224×224; at --resolution 112 the same network costs"),
    ],
)
def test_one_rule_of_resolution_and_what_the_other_choice_costs(
    make_folder: MakeFolder, size: tuple[int, int], side: int, said: str
) -> None:
    data = open_dataset(make_folder({"cat": 3, "dog": 3}, size=size))
    assert data.resolution == side
    assert [sentence[: len(said)] for sentence in told(data)] == [said] * bool(said)


def test_mixed_sizes_take_the_median_side_and_say_so_and_mixed_colours_become_rgb(
    make_folder: MakeFolder, picture: Callable[..., bytes]
) -> None:
    root = make_folder({"cat": 3, "dog": 3}, channels=1)
    (root / "dog" / "0.png").write_bytes(picture(99, size=(9, 9)))
    data = open_dataset(root)
    assert (data.resolution, data.channels) == (8, 3)
    assert any("sizes; each is brought to 8×8" in warning for warning in data.warnings)


@pytest.mark.parametrize(("name", "value"), [("resolution", 0), ("resolution", 5000), ("channels", 2)])
def test_impossible_requests_are_refused(make_folder: MakeFolder, name: str, value: int) -> None:
    with pytest.raises(FeatherboneError, match=f"{name} is {value}"):
        open_dataset(make_folder({"cat": 3, "dog": 3}), **{name: value})


def test_a_validation_split_too_small_to_choose_by_is_told(make_folder: MakeFolder) -> None:
    data = open_dataset(make_folder({"cat": 20, "dog": 20}))
    (said,) = data.warnings
    start = "validation has 6 images, too few to choose by: one is 16.7 points of accuracy, and chance alone moves 90 %"
    assert said.startswith(f"{start} by ±24")
    grown = {"train/cat": 3, "train/dog": 3, "val/cat": 50, "val/dog": 50, "test/cat": 2, "test/dog": 2}
    assert open_dataset(make_folder(grown, name="grown")).warnings == ()


def test_duplicates_across_splits_are_told(make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 5, "train/dog": 5, "val/cat": 2, "val/dog": 2, "test/cat": 2, "test/dog": 2})
    assert told(open_dataset(root)) == []
    (root / "test" / "cat" / "0.png").write_bytes((root / "train" / "cat" / "3.png").read_bytes())
    (root / "test" / "cat" / "1.png").write_bytes((root / "train" / "cat" / "3.png").read_bytes())
    (warning,) = told(open_dataset(root))
    assert warning == "2 image(s) of test are also in train, for example train/cat/3.png is test/cat/0.png"


def test_one_image_in_two_classes_is_told(make_folder: MakeFolder) -> None:
    root = make_folder({"train/cat": 5, "train/dog": 5, "val/cat": 2, "val/dog": 2, "test/cat": 2, "test/dog": 2})
    for name in ("0.png", "1.png"):
        (root / "train" / "dog" / name).write_bytes((root / "train" / "cat" / "3.png").read_bytes())
    (root / "train" / "cat" / "0.png").write_bytes((root / "train" / "cat" / "4.png").read_bytes())  # of one class
    (warning,) = told(open_dataset(root))
    said = "1 image(s) have more than one class, for example train/cat/3.png is train/dog/0.png, as cat and dog"
    assert warning == said


def test_the_fingerprint_names_the_content(make_folder: MakeFolder) -> None:
    content = {"cat": 8, "dog": 8}
    root, twin = make_folder(content, name="one"), make_folder(content, name="two")
    base = open_dataset(root)
    assert same(base, open_dataset(twin))
    others = [open_dataset(root, seed=1), open_dataset(root, resolution=4), open_dataset(root, channels=1)]
    (twin / "cat" / "0.png").write_bytes((twin / "cat" / "1.png").read_bytes())
    others.append(open_dataset(twin))
    (twin / "cat" / "0.png").rename(twin / "cat" / "zero.png")
    others.append(open_dataset(twin))
    (twin / "cat").rename(twin / "kitten")
    others.append(open_dataset(twin))
    assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 7


def test_progress_tells_stage_and_count(make_folder: MakeFolder) -> None:
    heard: list[tuple[str, int, int]] = []
    root = make_folder({"cat": 5, "dog": 5})
    for _ in range(2):
        open_dataset(root, progress=lambda *news: heard.append(news))
    assert heard == [("reading", 10, 10), ("decoding", 10, 10)]


def test_threads_change_nothing(make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_folder({"cat": 300, "dog": 30})
    spoil(root)
    alone = open_dataset(root, skip_bad=True, cache=tmp_path / "a")
    monkeypatch.setattr(index_module, "THREADS_FROM_IMAGES", 0)
    monkeypatch.setattr(index_module, "THREADS_FROM_PIXELS", 0)
    assert same(alone, open_dataset(root, skip_bad=True, cache=tmp_path / "b"))


def test_names_that_are_no_text_are_spelled_out_and_refused_for_classes(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    os.rename(root / "cat" / "0.png", os.fsencode(root / "cat") + b"/\xff.png")
    paths = [path for split in open_dataset(root).splits.values() for path in split.paths]
    assert "cat/\\xff.png" in paths
    (root / "cat" / "0.png").write_bytes(b"no image")
    os.rename(root / "cat" / "0.png", os.fsencode(root / "cat") + b"/\xfe.png")
    with pytest.raises(FeatherboneError, match=r"cat/\\xfe\.png is not an image") as caught:
        open_dataset(root)
    str(caught.value).encode()
    os.rename(root / "cat", os.fsencode(root) + b"/\xfd")
    with pytest.raises(FeatherboneError, match=r"class folder .*xfd.* not UTF-8"):
        open_dataset(root)
