"""How many trials are trained at a time on this machine, and by how many threads each."""

from __future__ import annotations

from pathlib import Path

import pytest

from featherbone.job import FitRequest
from featherbone.job.search.trial_work import Images
from featherbone.job.search.workers import workers_for
from featherbone.progress import silent
from featherbone.search import Budget, open_ledger


@pytest.mark.parametrize(
    ("workers", "large", "expected"),
    [
        (None, False, (1, 1)),
        (None, True, (1, 6)),
        (2, True, (2, 3)),
        (4, True, (4, 1)),
        (8, True, (8, 1)),
        (3, False, (3, 1)),
    ],
)
def test_the_cores_are_shared_by_the_workers_of_a_large_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int | None, large: bool, expected: tuple[int, int]
) -> None:
    monkeypatch.setattr("torch.get_num_threads", lambda: 6)
    request = FitRequest(source="digits", budget=Budget(macs=300_000), workers=workers)
    images = Images(source="digits", resolution=None, seed=0, skip_bad=False, fingerprint="")
    with (
        open_ledger(tmp_path) as ledger,
        workers_for(request, ledger, images, tmp_path, large=large, progress=silent) as found,
    ):
        assert (found.count, found.threads) == expected
