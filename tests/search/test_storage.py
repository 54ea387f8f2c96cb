"""Checkpoints in a storage that machines without a shared folder reach: pulled before, put back after each save."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.job.images import located
from featherbone.job.storage import Storage, Stored, storage_of
from featherbone.job.trials import Images, TrialWork
from featherbone.progress import Event, Trained, silent
from featherbone.search import open_ledger
from featherbone.search.executors import Task
from featherbone.train import Recipe, Setting

pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'featherbone[cluster]'")
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
            (f"file://{tmp_path}/file", "cannot be written"),
        ):
            with pytest.raises(FeatherboneError, match=reason):
                storage_of(ledger, url)
        assert storage_of(ledger, None) is None
        once = storage_of(ledger, f"file://{tmp_path}/place")
        assert once == storage_of(ledger, f"file://{tmp_path}/place")
    with open_ledger(tmp_path / "other") as ledger:  # runs in one place do not mix
        assert storage_of(ledger, f"file://{tmp_path}/place") != once


def test_what_travels_does_not_depend_on_the_folder_of_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert located("digits") == "digits"
    assert located("./digits") == located(Path("digits")) == str(tmp_path / "digits")
