"""``featherbone pack --method deep-compression``: sizes of the published method, without a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from featherbone.cli.main import app
from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.job import PackRequest, run_pack
from featherbone.nn import Model, Preprocessing, save_model
from featherbone.nn.initialise import initial_weights

X = image(1, 8).conv(6, 3, name="stem").norm().act("relu").conv(8, 3, name="second", stride=2).norm().act("relu")
GRAPH = X.global_pool().flatten().linear(10, name="scores").graph("tiny")
PUBLISHED = ("--method", "deep-compression")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "cache"))
    seen = Preprocessing(resolution=8, channels=1, mean=(0.3,), std=(0.4,))
    classes, weights = tuple(map(str, range(10))), initial_weights(GRAPH, seed=0)
    save_model(tmp_path / "tiny.safetensors", Model(graph=GRAPH, weights=weights, classes=classes, preprocessing=seen))
    return str(tmp_path / "tiny.safetensors")


def said(*words: str) -> str:
    ran = CliRunner().invoke(app, ["pack", *words])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_the_table_has_every_stage_of_every_layer_and_needs_no_images(model: str) -> None:
    facts = json.loads(said(model, *PUBLISHED, "--keep", "0.25", "--bits", "6", "--json"))["deep_compression"]
    assert [(each["name"], each["kept"], each["bits"]) for each in facts["layers"]] == [
        ("stem", 14, 6),
        ("second", 108, 6),
        ("scores", 20, 6),
    ]
    assert facts["coded_bytes"] == facts["plain_bytes"] + sum(each["coded"] for each in facts["layers"])
    assert facts["test"] is None
    table = said(model, *PUBLISHED, "--keep", "0.25")
    for word in ("second", "25 %", "gaps", "pruned", "shared", "Huffman", "stay in float32"):
        assert word in table
    assert "test:" not in table


def test_with_images_it_says_what_is_lost(model: str) -> None:
    facts = json.loads(said(model, "digits", *PUBLISHED, "--keep", "1", "--bits", "8", "--json"))["deep_compression"]
    assert facts["test"]["count"] == 359
    assert facts["test"]["alike"] > 300


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"method": "magic"}, "--method is 'magic'; it must be one of rate-distortion, deep-compression, both"),
        ({"method": "deep-compression", "out": Path("a.fbone")}, "only tells sizes"),
        ({"method": "deep-compression", "size": 900}, "only tells sizes"),
        ({"keep": 0.3}, r"options of Deep Compression \(--method deep-compression\)"),
        ({"method": "both", "keep": 0.3, "threshold": 1.0}, "both given"),
        ({"method": "both", "keep": 0.0}, "--keep is 0.0; it must be above 0"),
        ({"method": "both", "keep": float("nan")}, "--keep is nan"),
        ({"method": "both", "threshold": -1.0}, "--threshold is -1.0"),
        ({"method": "both", "bits": 9}, "--bits is 9; it must be 1 to 8"),
    ],
)
def test_what_does_not_go_together_is_refused(asked: dict[str, object], refused: str) -> None:
    with pytest.raises(FeatherboneError, match=refused):
        PackRequest(model="m.safetensors", **asked)


@pytest.mark.parametrize(("words", "refused"), [((), "DATA is missing"), (("digits",), "--out is missing")])
def test_a_file_needs_images_and_a_place(model: str, words: tuple[str, ...], refused: str) -> None:
    ran = CliRunner().invoke(app, ["pack", model, *words])
    assert ran.exit_code != 0
    assert refused in str(ran.exception) + ran.output


def test_the_method_that_writes_nothing_is_not_answered_with_a_file(model: str) -> None:
    with pytest.raises(FeatherboneError, match="--method deep-compression writes no file"):
        run_pack(PackRequest(model=model, method="deep-compression"))
