"""Networks of the zoo pruned to half by the benchmark's own script: a handful here, every one behind ``long``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from featherbone.networks import NETWORKS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
HANDFUL = ("mlperf_tiny_resnet8",)


@pytest.fixture(scope="module")
def prune_zoo() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import prune_zoo  # type: ignore[import-not-found]

        yield prune_zoo
        del sys.modules["prune_zoo"]


@pytest.fixture(scope="module")
def photos(prune_zoo: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: Path = prune_zoo.photographs(tmp_path_factory.mktemp("zoo") / "photos")
    return found


def check(prune_zoo: ModuleType, name: str, photos: Path, folder: Path) -> None:
    row = prune_zoo.pruned(name, photos, folder)
    assert row.after <= row.before / 2
    assert row.law <= prune_zoo.TOLERANCE
    assert row.verified <= 1


@pytest.mark.parametrize("name", HANDFUL)
def test_half_of_a_network_is_cut_kept_loaded_exported_and_verified(
    prune_zoo: ModuleType, name: str, photos: Path, tmp_path: Path
) -> None:
    check(prune_zoo, name, photos, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in HANDFUL])
def test_half_of_every_network_is(prune_zoo: ModuleType, name: str, photos: Path, tmp_path: Path) -> None:
    check(prune_zoo, name, photos, tmp_path)
