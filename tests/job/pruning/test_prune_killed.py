"""A pruning that is killed with SIGKILL, once in each of its parts, ends with the same bits as one that was not."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from featherbone.cost import count
from featherbone.data import Dataset
from featherbone.graph import Graph, image, scope
from featherbone.job import PruneRequest, run_prune
from featherbone.job.images import preprocessing_of
from featherbone.job.pruning import prune as prune_module
from featherbone.nn import Model, save_model
from featherbone.nn.initialise import initial_weights
from featherbone.progress import Event, Reading, Step, Trained
from featherbone.search import Budget
from featherbone.train import Setting, recipe_named

CONTEXT = multiprocessing.get_context("forkserver")
# With what the first step and the first file would load.
CONTEXT.set_forkserver_preload(["featherbone.job.pruning.prune", "onnx", "onnxruntime", "torch._dynamo"])
SETTING = "channels_last, float32, 1 thread"
# A word of an event, and how many such events go before the one in which the process dies.
MOMENTS = (("mending layers", 1), ("trained", 9))
OTHERS = (("measuring cuts", 1), ("train", 0), ("export", 0), ("report", 0))
KEPT = ("cut.safetensors", "model.safetensors", "model.onnx", "network.json")


def residual() -> Graph:
    x = image(1, 8).conv(8, 3, name="stem").norm().act("relu")
    with scope("block"):
        x = (x + x.conv(12, 3, name="in").norm().act("relu").conv(8, 3, name="out").norm()).act("relu")
    return x.global_pool().flatten().linear(10, name="classes").graph("residual")


def name_of(event: Event) -> str:
    if isinstance(event, Trained):
        return "trained"
    return event.name if isinstance(event, Step) else event.what if isinstance(event, Reading) else ""


def run(request: PruneRequest, place: Path, word: str, before: int) -> None:
    """The job in a process of its own, which kills itself at an event."""
    torch.set_num_threads(1)
    place.mkdir(exist_ok=True)
    os.chdir(place)  # the model says which folder it came from
    seen = 0

    def watch(event: Event) -> None:
        nonlocal seen
        if word and name_of(event) == word:
            if seen == before:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    pytest.MonkeyPatch().setattr(prune_module, "paced", fixed_pace)
    run_prune(request, watch)


def fixed_pace(*given: Any) -> dict[str, Any]:
    """What is measured otherwise, and would be another time."""
    recipe = replace(recipe_named("recover").with_epochs(2), batch_size=128)
    return {"setting": {"chosen": Setting.parse(SETTING).to_dict()}, "recipe": recipe.to_dict()}


def ended(request: PruneRequest, place: Path, word: str = "", before: int = 0) -> int | None:
    process = CONTEXT.Process(target=run, args=(request, place, word, before))
    process.start()
    process.join()
    return process.exitcode


@pytest.fixture(scope="module")
def request_of_it(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> PruneRequest:
    graph, folder = residual(), tmp_path_factory.mktemp("killed")
    weights = initial_weights(graph, seed=0)
    model = Model(graph=graph, weights=weights, classes=digits.classes, preprocessing=preprocessing_of(digits))
    save_model(folder / "model.safetensors", model)
    budget = Budget(macs=int(count(graph).macs) * 3 // 5)
    return PruneRequest(
        model=str(folder / "model.safetensors"),
        source="digits",
        budget=budget,
        images=48,
        time=60.0,
        setting=SETTING,
        cut="widths,blocks",
        out=Path("run"),
    )


def facts_of(folder: Path) -> dict[str, Any]:
    """What run.json says, without how long anything took."""

    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: timeless(each)
                for key, each in value.items()
                if key not in ("seconds", "timing", "latency_ms", "command")
            }
        return [timeless(each) for each in value] if isinstance(value, list) else value

    found: dict[str, Any] = timeless(json.loads((folder / "run.json").read_text()))
    return found


@pytest.mark.parametrize("moments", [MOMENTS, pytest.param(OTHERS, marks=pytest.mark.long)])
def test_killed_in_its_parts_it_ends_with_the_same_bits(
    request_of_it: PruneRequest, moments: tuple[tuple[str, int], ...], tmp_path: Path
) -> None:
    assert ended(request_of_it, tmp_path / "whole") == 0
    for word, before in moments:
        assert ended(request_of_it, tmp_path / "killed", word, before) == -signal.SIGKILL, (word, before)
    assert ended(request_of_it, tmp_path / "killed") == 0
    whole, killed = tmp_path / "whole" / "run", tmp_path / "killed" / "run"
    assert facts_of(whole)["result"] is not None
    assert facts_of(killed) == facts_of(whole)
    for name in KEPT:
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert {path.name for path in killed.iterdir()} == {path.name for path in whole.iterdir()}
