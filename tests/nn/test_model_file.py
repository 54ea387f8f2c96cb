"""A model survives its file bit for bit; a file that lies is refused with everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import image, to_json
from featherbone.graph.operators import Linear
from featherbone.nn import (
    Model,
    Preprocessing,
    load_model,
    module,
    module_with,
    read_tensors,
    save_model,
    weights_of,
    write_tensors,
)
from featherbone.view import WHOLE

GRAPH = (
    image(1, 8).conv(4, 3, name="stem").norm().act("relu").global_pool().flatten().linear(3, name="fc").graph("tiny")
)


OLD = {"resolution": 8, "channels": 1, "mean": [0.1], "std": [0.3]}  # what version 1 holds


def model(**changes: object) -> Model:
    parts: dict[str, object] = {
        "graph": GRAPH,
        "weights": weights_of(module(GRAPH, seed=3)),
        "classes": ("é", "b c", "c"),
        "preprocessing": Preprocessing(resolution=8, channels=1, mean=(0.1,), std=(0.3,)),
        "provenance": {"seed": 3, "scores": [0.5, None], "note": 'a "quoted" — text'},
    }
    return Model(**{**parts, **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, model())
    return path


def test_exact_round_trip(path: Path) -> None:
    saved, loaded = model(), load_model(path)
    assert (loaded.graph, loaded.classes) == (saved.graph, saved.classes)
    assert (loaded.preprocessing, loaded.provenance) == (saved.preprocessing, saved.provenance)
    x = torch.randn(5, 1, 8, 8)
    with torch.no_grad():
        assert torch.equal(loaded.module()(x), saved.module()(x))


def test_what_the_network_sees_survives_and_version_1_saw_all(path: Path) -> None:
    seen = Preprocessing(resolution=8, channels=1, mean=(0.1,), std=(0.3,), crop=0.875, interpolation="bicubic")
    save_model(path, model(preprocessing=seen))
    assert load_model(path).preprocessing == seen
    weights, header = read_tensors(path)
    assert header["version"] == "2"
    write_tensors(path, weights, {**header, "version": "1", "preprocessing": json.dumps(OLD)})
    assert load_model(path).preprocessing.view == WHOLE


def test_the_same_model_gives_the_same_file(path: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "again", load_model(path))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_the_module_is_a_copy_in_evaluation_mode() -> None:
    kept = model()
    before = {name: tensor.clone() for name, tensor in kept.weights.items()}
    net = kept.module()
    assert not net.training
    torch.nn.init.zeros_(net.fc.weight)
    assert all(torch.equal(before[name], kept.weights[name]) for name in before)


def test_every_mismatch_at_once() -> None:
    weights = dict(model().weights)
    del weights["fc.bias"]
    weights["fc.weight"] = torch.zeros(3, 5)
    weights["stem_norm.bias"] = weights["stem_norm.bias"].half()
    weights["head.weight"] = torch.zeros(1)
    with pytest.raises(FeatherboneError) as caught:
        model(weights=weights)
    assert str(caught.value).splitlines() == [
        "the weights do not fit tiny, in 4 tensors:",
        "  fc.bias is missing",
        "  fc.weight is 3×5; the graph needs 3×4",
        "  head.weight is not in the graph",
        "  stem_norm.bias is float16; the graph needs float32",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ("a", "b")}, "tiny writes 3 for 2 class names"),
        ({"classes": ("a", "b", "a")}, "two classes are named 'a'"),
        (
            {"preprocessing": Preprocessing(resolution=9, channels=1, mean=(0.1,), std=(0.3,))},
            "tiny takes 1×8×8; its preprocessing gives 1×9×9",
        ),
    ],
)
def test_parts_that_do_not_fit(changes: dict[str, object], message: str) -> None:
    with pytest.raises(FeatherboneError, match=message):
        model(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resolution": 0}, "resolution is 0"),
        ({"channels": True}, "channels is True"),
        ({"mean": (0.1, 0.2)}, "mean has 2 values for 1 channels"),
        ({"mean": (float("nan"),)}, "mean is .*nan"),
        ({"std": (0.0,)}, "std is .*must be positive"),
        ({"std": "x"}, "std is 'x'; it must be a tuple"),
        ({"crop": 0}, "crop is 0; it is the share"),
        ({"crop": 1.01}, "crop is 1.01; it is the share"),
        ({"crop": float("nan")}, "crop is nan"),
        ({"crop": True}, "crop is True"),
        ({"interpolation": "bicubical"}, "interpolation is 'bicubical'.* bilinear, bicubic .*did you mean bicubic"),
    ],
)
def test_preprocessing_is_checked(changes: dict[str, object], message: str) -> None:
    parts: dict[str, object] = {"resolution": 8, "channels": 1, "mean": (0.1,), "std": (0.3,)}
    with pytest.raises(FeatherboneError, match=message):
        Preprocessing(**{**parts, **changes})


def test_provenance_that_is_not_json_leaves_the_previous_file(path: Path) -> None:
    before = path.read_bytes()
    for value in (object(), float("nan")):
        with pytest.raises(FeatherboneError, match="cannot be written as JSON"):
            save_model(path, model(provenance={"x": value}))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "featherbone-checkpoint"}, "not a model file: its format is 'featherbone-checkpoint'"),
        ({"format": None}, "its format is 'not stated'"),
        ({"version": "3"}, "version '3'; this featherbone reads 1 and 2"),
        ({"graph": None, "classes": None}, "lacks graph, classes"),
        ({"graph": "[]"}, r"model\.safetensors: the graph is list"),
        ({"graph": to_json(GRAPH).replace('"relu"', '"rleu"')}, "unknown activation 'rleu'.*relu"),
        ({"classes": "{"}, "classes in the header is not JSON"),
        ({"classes": "[1, 2, 3]"}, "classes in the header is not a list of names"),
        ({"provenance": "[]"}, "provenance in the header is not an object"),
        ({"preprocessing": "{}"}, "has nothing; it needs channels, crop, interpolation, mean, resolution, std"),
        ({"preprocessing": json.dumps({**OLD, "mean": ["a"]}), "version": "1"}, "mean is"),
        ({"preprocessing": json.dumps(OLD)}, "it needs channels, crop, interpolation, mean, resolution, std"),
        ({"preprocessing": json.dumps({**OLD, "crop": 2, "interpolation": "bilinear"})}, "preprocessing's crop is 2;"),
    ],
)
def test_headers_that_lie(path: Path, changes: dict[str, str | None], message: str) -> None:
    weights, header = read_tensors(path)
    edited = {name: text for name, text in {**header, **changes}.items() if text is not None}
    write_tensors(path, weights, edited)
    with pytest.raises(FeatherboneError, match=message):
        load_model(path)


def test_a_graph_that_demands_more_than_the_file_holds_allocates_nothing(path: Path) -> None:
    weights, header = read_tensors(path)
    huge = Linear(out_features=2**30)
    nodes = [(n.name, huge if n.name == "fc" else n.operator, n.inputs) for n in GRAPH.nodes]
    header["graph"] = to_json(type(GRAPH).build("tiny", nodes, GRAPH.outputs))
    write_tensors(path, weights, header)
    with pytest.raises(FeatherboneError, match="tiny writes 1073741824 for 3 class names"):
        load_model(path)
    graph = image(1, 1024).conv(2**20, 1024, name="first").graph("huge")
    with pytest.raises(FeatherboneError, match=r"first\.weight is 4×1×3×3; the graph needs 1048576×1×1024×1024"):
        module_with(graph, {"first.weight": torch.ones(4, 1, 3, 3)})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_refused_on_both_ways(path: Path, value: float) -> None:
    weights = {name: tensor.clone() for name, tensor in weights_of(module(GRAPH, seed=3)).items()}
    weights["stem_norm.running_var"][2] = value
    with pytest.raises(FeatherboneError, match=r"stem_norm\.running_var holds numbers that are not finite"):
        model(weights=weights)
    with pytest.raises(FeatherboneError, match="not finite"):
        module_with(GRAPH, weights)
    write_tensors(path, weights, read_tensors(path)[1])
    with pytest.raises(FeatherboneError, match=r"model\.safetensors: .*\n.*not finite"):
        load_model(path)
