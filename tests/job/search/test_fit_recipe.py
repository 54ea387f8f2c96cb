"""The main job by a recipe of one's own: every design is trained by it, and what a search can't train by is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.job import fit
from featherbone.search import Budget

BUDGET = Budget(params=20_000)
RECIPE = """
epochs = 2
batch_size = 8
learning_rate = 0.03
label_smoothing = 0.1

[class_weights]
dark = 2.0

[augment]
pad = 2
"""


def test_designs_are_trained_by_the_recipe_that_is_given_and_not_by_another_one_later(
    photos: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(RECIPE)
    folder = fit(photos, BUDGET, recipe=str(own), trials=1, out=tmp_path / "run")
    facts = json.loads((folder / "run.json").read_text())
    assert (facts["recipe"]["epochs"], facts["recipe"]["batch_size"]) == (2, 8)
    assert facts["recipe"]["augment"]["pad"] == 2
    assert not facts["recipe"]["augment"]["flip"]
    assert facts["recipe"]["class_weights"] == {"dark": 2.0}
    assert ["--recipe", str(own)] == facts["command"][facts["command"].index("--recipe") :][:2]
    epochs = [json.loads(line)["epoch"] for line in (folder / "trials" / "1" / "log.jsonl").read_text().splitlines()]
    assert epochs == [1, 2]
    own.write_text(RECIPE.replace("0.03", "0.04"))
    with pytest.raises(FeatherboneError, match=r"another run: recipe\.learning_rate was 0\.03 and is 0\.04 "):
        fit(photos, BUDGET, recipe=str(own), trials=1, out=tmp_path / "run")


def test_other_epochs_stretch_the_recipe(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("warmup_epochs = 1\n" + RECIPE)
    folder = fit(photos, BUDGET, recipe=str(tmp_path / "own.toml"), epochs=4, trials=1, out=tmp_path / "run")
    recipe = json.loads((folder / "run.json").read_text())["recipe"]
    assert (recipe["epochs"], recipe["warmup_epochs"], recipe["learning_rate"]) == (4, 2.0, 0.03)


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ("cifar10-ful", "no recipe is named 'cifar10-ful' .*cifar10-full"),
        ("fine-tune", r"a search can't train by 'fine-tune': it freezes layers \(freeze\)"),
        ("patient.toml", r"can't train by '.*patient.toml': it stops early \(patience\)"),
        ("held.toml", r"can't train by '.*held.toml': it holds the statistics of norms \(hold_statistics\)"),
        ("growing.toml", r"can't train by '.*growing.toml': its images grow \(resolutions\)"),
        ("none.toml", "none.toml"),
    ],
)
def test_what_a_search_cannot_train_by_is_refused_before_the_images_are_read(
    recipe: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "patient.toml").write_text("patience = 2\n" + RECIPE)
    (tmp_path / "held.toml").write_text("hold_statistics = true\n" + RECIPE)
    (tmp_path / "growing.toml").write_text("resolutions = [[1, 8], [2, 16]]\n" + RECIPE)
    named = str(tmp_path / recipe) if recipe.endswith(".toml") else recipe
    with pytest.raises(FeatherboneError, match=said):
        fit(tmp_path / "no images", BUDGET, recipe=named, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_weight_of_no_class_is_refused_before_anything_is_written(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(RECIPE.replace("dark", "drak"))
    with pytest.raises(FeatherboneError, match=r"'drak', which is no class of photos .*dark"):
        fit(photos, BUDGET, recipe=str(tmp_path / "own.toml"), trials=1, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("batch_size", "large"), [(128, True), (127, False)])
def test_batches_of_256_million_multiply_adds_are_worth_several_threads(
    batch_size: int, large: bool, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def workers_for(*_: object, **asked: object) -> None:
        raise FeatherboneError(f"large is {asked['large']}")

    monkeypatch.setattr("featherbone.job.search.fit.workers_for", workers_for)
    (tmp_path / "own.toml").write_text(f"epochs = 2\nbatch_size = {batch_size}\n")
    with pytest.raises(FeatherboneError, match=f"large is {large}"):
        fit(photos, Budget(macs=2_000_000), recipe=str(tmp_path / "own.toml"), out=tmp_path / "run")
