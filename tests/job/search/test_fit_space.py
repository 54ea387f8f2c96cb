"""The main job in a space of one's own: designs see the images at their own resolution, from training to prediction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.job import fit
from featherbone.nn import load_model
from featherbone.search import Budget, Design
from featherbone.ship.predict import load_predictor

SPACE = """
stem_stride = 2
resolutions = [20]
heads = [0]
acts = ["relu"]

[[stages]]
blocks = ["depthwise_separable"]
depths = [1]
se = [false]
"""


def test_a_design_of_another_resolution_than_the_images_is_trained_verified_and_used_at_its_own(
    photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text(SPACE)
    budget = Budget(macs=60_000, int8_size=20_000)
    folder = fit(photos, budget, space=str(tmp_path / "mine.toml"), out=tmp_path / "run", trials=2, epochs=2)
    facts = json.loads((folder / "run.json").read_text())
    assert facts["data"]["resolution"] == 30
    assert facts["space"]["name"] == "mine"
    assert facts["command"][-4:-2] == ["--space", str(tmp_path / "mine.toml")]
    assert Design.parse(facts["result"]["design"]).resolution == 20
    assert facts["result"]["verification"]["passed"]
    model = load_model(folder / "model.safetensors")
    assert model.preprocessing.shape == model.graph.input_shape == (3, 20, 20)
    for name in ("model.safetensors", "model.onnx"):
        assert load_predictor(folder / name).predict([photos / "dark" / "0.png"])
    (tmp_path / "mine.toml").write_text(SPACE.replace("depths = [1]", "depths = [1, 2]"))
    with pytest.raises(
        FeatherboneError, match=r"holds another run: space\.stages\.1\.depths was \[1\] and is \[1, 2\] "
    ):
        fit(photos, budget, space=str(tmp_path / "mine.toml"), out=tmp_path / "run", trials=2, epochs=2)


def test_a_run_that_was_begun_with_other_rungs_is_refused_and_says_which(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = Budget(params=20_000)
    fit(photos, budget, out=tmp_path / "run", trials=1, epochs=1)
    monkeypatch.setattr(
        "featherbone.job.search.plan.ladder", lambda epochs, **given: (3, 9)
    )  # as another version has them
    with pytest.raises(FeatherboneError, match=r"holds another run: rungs was \[1\] and is \[3, 9\] "):
        fit(photos, budget, out=tmp_path / "run", trials=1, epochs=1)


def test_a_space_that_does_not_exist_is_refused_before_the_images_are_read(tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="unknown space 'resnets'"):
        fit(tmp_path / "no images", Budget(macs=10_000), space="resnets")
