"""How long an uncut network is fine-tuned, and what that leaves for the search."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from featherbone.errors import FeatherboneError
from featherbone.job.pretrained import tuning
from featherbone.job.pretrained.models import Pretrained
from featherbone.job.pretrained.start import PretrainedStart
from featherbone.job.pretrained.tuning import Uncut
from featherbone.progress import Event, Noticed
from featherbone.search.schedule.spending import Limits
from featherbone.train import Setting
from tests.job.pretrained.conftest import pretrained_model, residual

SETTING = Setting(threads=1)
NETWORK = Pretrained(source="reader", name="reader", model=pretrained_model(residual()), digest="")


def decided(monkeypatch: pytest.MonkeyPatch, seconds: float | None, told: list[Event]) -> dict[str, Any]:
    """What is decided of 1,000 images of which 100 a second are trained, by a recipe of 20 epochs."""
    tried = [{"setting": str(SETTING), "images_per_second": 100.0}]
    monkeypatch.setattr(tuning, "chosen_setting", lambda *given: {"chosen": SETTING.to_dict(), "tried": tried})
    images = SimpleNamespace(splits={"train": SimpleNamespace(labels=range(1000))})
    plan: Any = SimpleNamespace(dataset=images, recipe=SimpleNamespace(epochs=20))
    return tuning._decided(plan, NETWORK, seconds, told.append)


@pytest.mark.parametrize(("seconds", "epochs"), [(None, 20), (1000.0, 20), (65.0, 6), (10.0, 1)])
def test_there_are_as_many_epochs_as_fit_into_its_time_and_no_more_than_usual(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, epochs: int
) -> None:
    told: list[Event] = []
    assert decided(monkeypatch, seconds, told)["epochs"] == epochs
    (noticed,) = told
    assert isinstance(noticed, Noticed)
    assert f"reader is fine-tuned uncut for {epochs} epochs first" in noticed.sentence


def test_time_for_less_than_an_epoch_is_refused_with_how_much_more_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FeatherboneError, match="an epoch of fine-tuning reader takes about 10 s") as caught:
        decided(monkeypatch, 5.0, [])
    assert "give 4 times as much --time" in str(caught.value.hint)


def test_what_fine_tuning_and_cutting_took_is_no_part_of_what_the_search_may_spend() -> None:
    uncut = Uncut(pretrained=NETWORK, path=Path("model.safetensors"), val_top1=0.9, seconds=30.0)
    teacher: Any = None
    start = PretrainedStart(uncut=(uncut,), teacher=teacher, cuts=(), seconds=42.0)
    assert start.limits(Limits(trials=9, seconds=100.0)) == Limits(trials=9, seconds=58.0)
    assert start.limits(Limits(trials=9, epochs=50)) == Limits(trials=9, epochs=50)
