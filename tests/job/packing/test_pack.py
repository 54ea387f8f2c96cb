"""``featherbone pack`` as a job: the limit is kept, a stopped one goes on, and what can't be is refused first."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from featherbone.cli.main import app
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.job import PackRequest, run_pack
from featherbone.job.packing.unpack import run_unpack
from featherbone.nn import Model, Preprocessing, load_model, save_model
from featherbone.nn.initialise import initial_weights
from featherbone.progress import Reading

X = image(1, 8).conv(6, 3, name="stem").norm().act("relu").conv(8, 3, name="second", stride=2).norm().act("relu")
GRAPH = X.global_pool().flatten().linear(10, name="scores").graph("tiny")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "cache"))
    return saved(tmp_path / "tiny.safetensors", tuple(map(str, range(10))))


def saved(path: Path, classes: tuple[str, ...], graph: Graph = GRAPH) -> str:
    seen = Preprocessing(resolution=8, channels=1, mean=(0.3,), std=(0.4,))
    save_model(path, Model(graph=graph, weights=initial_weights(graph, seed=0), classes=classes, preprocessing=seen))
    return str(path)


def test_the_size_is_kept_nearly_used_and_written_whole(model: str, tmp_path: Path) -> None:
    out = tmp_path / "tiny.fbone"
    done = run_pack(PackRequest(model=model, source="digits", out=out, size=1000, images=32))
    assert out.stat().st_size == done.size
    assert 850 < done.size <= 1000
    assert done.chosen.size == done.size
    assert not any((tmp_path / "cache" / "packing").glob("*")), "what was tried is gone"
    packed = load_model(out)
    assert "stem_norm" not in packed.graph
    assert packed.classes == load_model(model).classes
    assert packed.provenance["packed"]["name"] == "tiny"
    unpacked = load_model(run_unpack(out, tmp_path / "again.safetensors"))
    assert all(torch.equal(unpacked.weights[name], tensor) for name, tensor in packed.weights.items())


def test_a_packing_that_was_stopped_goes_on_with_what_was_tried(model: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole.fbone"
    request = PackRequest(model=model, source="digits", out=whole, size=950, images=32)
    tried = len(run_pack(request).tried)
    begun: list[int] = []

    def stopped(event: object) -> None:
        if isinstance(event, Reading) and event.what == "mending layers" and event.done == 0:
            begun.append(event.done)
            if len(begun) == 3:
                raise KeyboardInterrupt

    out = tmp_path / "stopped.fbone"
    request = PackRequest(model=model, source="digits", out=out, size=950, images=32)
    with pytest.raises(KeyboardInterrupt):
        run_pack(request, stopped)
    assert not out.exists()
    begun.clear()
    counted = run_pack(request, lambda event: stopped(event) if len(begun) < 2 else None)
    assert len(counted.tried) == tried
    assert out.read_bytes() == whole.read_bytes()


def test_what_was_tried_and_is_damaged_is_tried_again(model: str, tmp_path: Path) -> None:
    request = PackRequest(model=model, source="digits", out=tmp_path / "a.fbone", size=950, images=32)

    def stopped(event: object) -> None:
        if isinstance(event, Reading) and event.done == 0 and len(list(kept())) == 1:
            raise KeyboardInterrupt

    def kept() -> list[Path]:
        return list((tmp_path / "cache" / "packing").glob("*/*.fbone"))

    with pytest.raises(KeyboardInterrupt):
        run_pack(request, stopped)
    (left,) = kept()
    left.write_bytes(left.read_bytes()[:-9])
    assert run_pack(request).size <= 950


def test_images_of_other_classes_are_answered_as_before(model: str, tmp_path: Path) -> None:
    other = saved(tmp_path / "other.safetensors", tuple("abcdefghij"))
    request = PackRequest(model=other, source="digits", out=tmp_path / "a.fbone", max_drop=20.0, images=32)
    done = run_pack(request)
    assert done.chosen.verdict.before is None
    assert done.chosen.verdict.drop <= 20.0
    assert done.tested.alike > 0.5 * done.tested.count


def test_photos_without_labels_are_answered_as_before(model: str, loose: Path, tmp_path: Path) -> None:
    request = PackRequest(model=model, source=loose, out=tmp_path / "a.fbone", max_drop=20.0, images=32)
    done = run_pack(request)
    assert (done.chosen.verdict.before, done.tested.before) == (None, None)
    assert done.chosen.verdict.drop <= 20.0
    assert done.chosen.verdict.count == done.tested.count == 30


def test_the_command_tells_sizes_and_what_was_lost(model: str, tmp_path: Path) -> None:
    words = ["pack", model, "digits", "--size", "1000B", "--images", "32", "--out", str(tmp_path / "a.fbone")]
    ran = CliRunner().invoke(app, [*words, "--json"])
    assert ran.exit_code == 0, ran.output
    facts = json.loads(ran.stdout)
    assert facts["bytes"] <= 1000 < facts["float32_bytes"]
    assert facts["test"]["count"] == 359
    plain = CliRunner().invoke(app, [*words[:-1], str(tmp_path / "b.fbone"), "--method", "both"])
    assert re.search(r"times smaller than its weights in float32\nin memory it is what it was", plain.stdout)
    assert "Deep Compression, not retrained" in plain.stdout
    assert re.search(r"tensors by Deep Compression: \d\.\d\d times the bytes of", plain.stdout)
    unpacked = CliRunner().invoke(app, ["unpack", str(tmp_path / "a.fbone"), "--out", str(tmp_path / "u.safetensors")])
    assert unpacked.exit_code == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"size": 300}, r"--size is 300 B; graph, class names and checksum of tiny alone take .* \(allow more than"),
        ({"size": 0}, r"--size is 0; it must be at least 1 byte"),
        ({"max_drop": 0.5, "size": 900}, r"both given"),
        ({"max_drop": -1.0}, r"--max-drop is -1.0; it must be 0 to 100 points"),
        ({"max_drop": float("nan")}, r"--max-drop is nan"),
        ({"out": Path("model.zip")}, r"a packed file ends in .fbone \(--out model.fbone\)"),
        ({"out": Path("no/such/folder/m.fbone")}, r"there is no folder no/such/folder"),
        ({"out": Path("/proc/m.fbone")}, r"nothing can be written to the folder /proc: No such file"),
        ({"model": "mobilenet_v2"}, r"mobilenet_v2 is a network without weights \(`featherbone convert`"),
        ({"source": "no/such/data"}, r"no/such/data"),
        ({"model": "no/such.safetensors"}, r"no/such.safetensors"),
    ],
)
def test_what_cannot_be_is_refused(model: str, tmp_path: Path, asked: dict[str, object], said: str) -> None:
    given = {"model": model, "source": "digits", "out": tmp_path / "a.fbone", "images": 32, **asked}
    with pytest.raises(FeatherboneError, match=said):
        run_pack(PackRequest(**given))
    assert not (tmp_path / "a.fbone").exists()


def test_a_network_of_which_a_part_is_not_known_is_refused(model: str, tmp_path: Path) -> None:
    x = image(1, 8).conv(8, 3, name="before").opaque("swirl", (8, 8, 8), name="swirl").global_pool().flatten()
    graph = x.linear(10).graph("strange")
    path = saved(tmp_path / "strange.safetensors", tuple(map(str, range(10))), graph)
    with pytest.raises(FeatherboneError, match="strange can't be computed: only the shape of swirl is known"):
        run_pack(PackRequest(model=path, source="digits", out=tmp_path / "a.fbone"))


def test_images_of_one_colour_are_refused(model: str, tmp_path: Path) -> None:
    for split in ("train", "test"):
        for digit in range(10):
            folder = tmp_path / "flat" / split / str(digit)
            folder.mkdir(parents=True)
            for place in range(3):
                Image.new("L", (8, 8), 20 * digit + place).save(folder / f"{place}.png")
    with pytest.raises(FeatherboneError, match="each image is of one colour"):
        run_pack(PackRequest(model=model, source=tmp_path / "flat", out=tmp_path / "a.fbone"))
