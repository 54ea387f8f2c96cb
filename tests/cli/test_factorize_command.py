"""``featherbone factorize`` from the shell: a table before any change, then the file; JSON says all of it."""

from __future__ import annotations

import json

from featherbone.graph import image
from featherbone.nn import Model, Preprocessing, save_model
from featherbone.nn.initialise import initial_weights


def test_it_shows_each_layer_and_writes_a_model(featherbone, tmp_path):
    x = image(1, 8).conv(8, 3, name="stem").act("relu").conv(8, 3, name="inner").depthwise(3, name="filter")
    graph = x.global_pool().flatten().linear(2, name="scores").graph("tiny")
    seen = Preprocessing(resolution=8, channels=1, mean=(0.3,), std=(0.4,))
    path, out = tmp_path / "tiny.safetensors", tmp_path / "small.safetensors"
    weights = initial_weights(graph, seed=0)
    save_model(path, Model(graph=graph, weights=weights, classes=("a", "b"), preprocessing=seen))
    ended = featherbone("factorize", path, "--into", "asymmetric", "--untimed")
    assert ended.code == 0
    assert "tiny: errors are shares of its squared weights" in ended.out
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["inner", "asymmetric"] in [row[:2] for row in rows]
    assert ["filter", "depthwise", "3×3", "is", "factorized", "by", "its", "groups", "already"] in rows
    assert not out.exists()
    ended = featherbone("factorize", path, "digits", "--into", "asymmetric,grouped", "--rank", "2", "--images", "32",
                        "--untimed", "--out", out, "--json")  # fmt: skip
    found = json.loads(ended.out)
    assert found["written"]["model"] == str(out)
    assert found["written"]["macs"] < 82_000
    assert {each["layer"] for each in found["layers"]} == {"stem", "inner"}
    assert found["layers"][0]["milliseconds"] is None
    assert {each["layer"] for each in found["left"]} == {"filter", "scores"}
    assert "%" in featherbone("factorize", path, "digits", "--into", "grouped", "--images", "32", "--untimed").out
    refused = featherbone("factorize", path, "--into", "assymetric")
    assert refused.code == 2
    assert refused.err.startswith("error: there is no form 'assymetric'")
