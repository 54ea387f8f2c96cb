"""Checkpoints in a storage that machines without a shared folder reach: pulled before, put back after each save."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.job.images import located
from featherbone.job.search.node_check import marked
from featherbone.job.search.storage import Storage, Stored, fetching, storage_of
from featherbone.job.search.trial_work import Images, TrialWork
from featherbone.progress import Event, Trained, TrialFailed, silent
from featherbone.search import open_ledger
from featherbone.search.executors import CheckpointMissing, Task
from featherbone.train import Recipe, Setting

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'featherbone[cluster]'")
MemoryFileSystem = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem
DESIGN = "r8 | stem w8 | standard w8 d1 | head w16"


@pytest.fixture
def work(tmp_path: Path) -> TrialWork:
    return TrialWork(
        images=Images(
            source="digits", resolution=None, seed=0, skip_bad=False, fingerprint=open_dataset("digits").fingerprint
        ),
        recipe=Recipe(epochs=4, batch_size=256),
        seed=0,
        folder=tmp_path / "run",
        setting=Setting(threads=1),
    )


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_a_trial_goes_on_elsewhere_from_the_last_epoch_that_was_saved(
    work: TrialWork, scheme: str, tmp_path: Path
) -> None:
    class Gone(BaseException):
        pass

    trained: list[int] = []

    def tell(event: Event) -> None:
        if isinstance(event, Trained) and event.ends_epoch:
            trained.append(event.epoch)
            if trained == [1, 2, 3]:
                raise Gone

    stored = Stored(work=work, storage=Storage(url=f"{scheme}://{tmp_path}/place", run="run"))
    task = Task(trial=7, design=DESIGN, rung=0, epochs=2)
    assert stored(task, tell).epochs == 2
    with pytest.raises(Gone):
        stored(replace(task, epochs=4), tell)
    score = stored(replace(task, epochs=4), tell)
    assert trained == [1, 2, 3, 4]  # on four "machines", and no epoch twice
    assert not (work.folder / "trials").exists()
    whole = replace(work, folder=tmp_path / "whole")(replace(task, epochs=4), silent)
    assert (score.val_top1, score.val_loss) == (whole.val_top1, whole.val_loss)
    stored.storage.fetch(7, work.folder_of(7))
    assert sorted(path.name for path in work.folder_of(7).iterdir()) == ["checkpoint.safetensors", "log.jsonl"]
    log = (work.folder_of(7) / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in log] == [1, 2, 3, 4]
    if scheme == "file":  # nothing half-written is left
        assert len(list((tmp_path / "place" / "run" / "trials" / "7").iterdir())) == 2


def test_a_place_that_cannot_be_used_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with open_ledger(tmp_path / "run") as ledger:
        for url, reason in (
            ("memory://x", "ends with its process"),
            ("nosuch://x", "cannot be reached: Protocol not known: nosuch"),
            (f"file://{tmp_path}/not mounted/place", f"there is no folder {tmp_path}/not mounted"),
        ):
            with pytest.raises(FeatherboneError, match=reason):
                storage_of(ledger, url)
        place = storage_of(ledger, f"file://{tmp_path}/file")
        assert place is not None
        with pytest.raises(FeatherboneError, match="cannot be written"):
            place.put_mark("x")
        assert storage_of(ledger, None) is None
        once = storage_of(ledger, f"file://{tmp_path}/place")
        assert once == storage_of(ledger, f"file://{tmp_path}/place")
    with open_ledger(tmp_path / "other") as ledger:  # runs in one place do not mix
        assert storage_of(ledger, f"file://{tmp_path}/place") != once


class Buckets(MemoryFileSystem):  # type: ignore[valid-type]
    """As an object store: the first part of a path is a bucket, which making a folder in it would make."""

    protocol = "buckets"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = ["", "/there"]

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return MemoryFileSystem._strip_protocol(str(path).removeprefix("buckets:"))

    def _key(self, path: str) -> str:
        return "/" + path.lstrip("/")


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """URLs of ``buckets://`` as fsspec writes those of S3: without a slash before the bucket."""
    fsspec.register_implementation("buckets", Buckets, clobber=True)
    whole = fsspec.core.url_to_fs
    monkeypatch.setattr(
        fsspec.core, "url_to_fs", lambda url: (whole(url)[0], url.removeprefix("buckets://").rstrip("/"))
    )


@pytest.mark.usefixtures("buckets")
def test_a_bucket_that_is_missing_is_refused_and_not_made(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        for url in ("buckets://missing", "buckets://missing/searches"):
            with pytest.raises(FeatherboneError, match="there is no bucket missing") as caught:
                storage_of(ledger, url)
            assert "make the bucket first" in caught.value.hint
        assert Buckets.pseudo_dirs == ["", "/there"]
        for url in ("buckets://there", "buckets://there/searches"):
            place = storage_of(ledger, url)
            assert place is not None
            place.put_mark("x")
            place.empty()


def test_what_the_run_no_longer_needs_is_removed(work: TrialWork, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    place = Storage(url=f"file://{tmp_path}/place", run="run")
    watch = fetching(place, work, silent)
    for trial in (1, 2):
        (work.folder_of(trial)).mkdir(parents=True)
        (work.folder_of(trial) / "log.jsonl").write_text("{}\n")
        place.put(trial, work.folder_of(trial))
    Storage(url=place.url, run="another").put(1, work.folder_of(1))
    kept = tmp_path / "place" / "run" / "trials"
    watch(TrialFailed(trial=1, kind="crashed", error="no", final=False))
    assert (kept / "1").exists()
    watch(TrialFailed(trial=1, kind="crashed", error="no", final=True))
    assert [path.name for path in kept.iterdir()] == ["2"]
    place.empty()
    place.empty()  # as often as one likes
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["another"]


def test_a_node_must_find_the_mark_of_the_driver(work: TrialWork, tmp_path: Path) -> None:
    for name in ("run", "place"):
        (tmp_path / name).mkdir()
    for storage in (None, Storage(url=f"file://{tmp_path}/place", run="run")):
        with marked(work.images, tmp_path / "run", storage) as check:
            check()
            pickle.loads(pickle.dumps(check))()
            with pytest.raises(FeatherboneError, match=r"not shared with it|is another place there"):
                replace(check, mark="of another run")()
            elsewhere = replace(work.images, fingerprint="f" * 64)
            with pytest.raises(FeatherboneError, match="holds other images here"):
                replace(check, images=elsewhere)()
        with pytest.raises(FeatherboneError, match=r"not shared with it|is another place there"):
            check()  # the search is over
    assert not list((tmp_path / "run").rglob(".*"))


def test_a_rung_goes_on_only_from_its_own_checkpoint(work: TrialWork, tmp_path: Path) -> None:
    task = Task(trial=7, design=DESIGN, rung=0, epochs=1)
    score = work(task, silent)
    rung = replace(task, rung=1, epochs=2, after=score)
    first = shutil.copytree(work.folder, tmp_path / "first")
    work(rung, silent)
    work(rung, silent)  # a worker died after it had saved: what it left is a later one of the same training
    with pytest.raises(CheckpointMissing, match=r"of epoch 2 .* that of epoch 1 is there"):  # an older copy
        replace(work, folder=first)(replace(rung, rung=2, epochs=3, after=work(rung, silent)), silent)
    with pytest.raises(CheckpointMissing, match="there is none"):
        replace(work, folder=tmp_path / "elsewhere")(rung, silent)
    with pytest.raises(CheckpointMissing, match="one of another training is there"):
        work(replace(rung, after=replace(score, val_loss=0.1, checkpoint="f" * 64)), silent)
    for name in ("checkpoint.safetensors", "checkpoint.previous.safetensors"):  # cut short: the one before is told of
        assert (work.folder_of(7) / name).exists()
    newest = work.folder_of(7) / "checkpoint.safetensors"
    newest.write_bytes(newest.read_bytes()[:-9])
    told = list[str]()
    again = work(rung, lambda event: told.append(event.note) if isinstance(event, Trained) and event.note else None)
    assert again.epochs == 2
    assert "going on from the one before" in told[0]


def test_what_travels_does_not_depend_on_the_folder_of_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert located("digits") == "digits"
    assert located("./digits") == located(Path("digits")) == str(tmp_path / "digits")
