from dataclasses import replace
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import Opaque
from featherbone.job import PruneRequest
from featherbone.job.pruning.plan import plan_pruning
from featherbone.nn import Model, save_model
from featherbone.progress import silent
from featherbone.search import Budget


def test_images_are_seen_as_the_network_is_used_to(model: Model, tmp_path: Path) -> None:
    own = replace(model.preprocessing, mean=(0.125,), std=(0.75,))
    save_model(tmp_path / "model.safetensors", replace(model, preprocessing=own))
    request = PruneRequest(model=str(tmp_path / "model.safetensors"), source="digits", budget=Budget(macs=20_000))
    dataset = plan_pruning(request, silent).dataset
    assert (dataset.mean, dataset.std) == ((0.125,), (0.75,))


@pytest.mark.parametrize(("asked", "found"), [(None, 2048), (48, 48), (3000, 3000)])
def test_as_many_images_are_taken_as_are_asked_for_or_usual(model_file: Path, asked: int | None, found: int) -> None:
    request = PruneRequest(model=str(model_file), source="digits", budget=Budget(macs=20_000), images=asked)
    plan = plan_pruning(request, silent)
    assert plan.images == found
    assert plan.facts()["pruned"]["images"] == found


def test_a_network_that_nobody_can_run_is_refused_before_anything_is_read(model: Model, tmp_path: Path) -> None:
    unknown = Opaque(label="aten.mystery", shape=model.graph["stem_act"].shape)
    entries = [
        (node.name, unknown if node.name == "stem_act" else node.operator, node.inputs) for node in model.graph.nodes
    ]
    graph = Graph.build("strange", entries, model.graph.outputs)
    save_model(tmp_path / "model.safetensors", replace(model, graph=graph))
    request = PruneRequest(model=str(tmp_path / "model.safetensors"), source="nowhere", budget=Budget(macs=20_000))
    with pytest.raises(FeatherboneError, match=r"strange can't be run, as stem_act \(opaque aten.mystery\)") as caught:
        plan_pruning(request, silent)
    assert "featherbone channels" in str(caught.value.hint)
