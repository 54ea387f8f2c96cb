"""Whatever featherbone reads that a person, or a stranger, may have written."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
import typer
from PIL import Image

from featherbone.cli.run_output import print_run
from featherbone.cost import count
from featherbone.cost.budget_gate import read_budget
from featherbone.cost.document import read_cost_document
from featherbone.cost.table import cost_table
from featherbone.cost.table_formats import to_document
from featherbone.data.decode import decode
from featherbone.data.sources import opened
from featherbone.data.table import read_table
from featherbone.graph import image, to_json
from featherbone.graph.graph import Graph
from featherbone.importing import read
from featherbone.networks import network
from featherbone.nn import Model, Preprocessing, load_model, module, save_model, untrained_onnx, weights_of
from featherbone.nn.about import About
from featherbone.nn.foreign.read import read_state
from featherbone.nn.input_text import parsed
from featherbone.nn.packed.file import START, packed_bytes
from featherbone.nn.packed.model import Levelled, PackedModel
from featherbone.quantity import parse_bytes, parse_count, parse_milliseconds, parse_seconds
from featherbone.quantize import QuantizedModel, load_quantized, nearest_network, prepared, save_quantized
from featherbone.report.run import read_run
from featherbone.run_file import FORMAT, VERSION
from featherbone.search.space.design_graph import candidate_graph
from featherbone.search.space.space_file import open_space
from featherbone.train.recipe.file import read_recipe, to_toml
from featherbone.train.recipe.recipe import Recipe
from tests.fuzz.fuzzing import Format
from tests.fuzz.ledgers import DESIGNS, ledger, resealed, searched
from tests.fuzz.mutations import contents, texts

PARSERS: tuple[Callable[[str], object], ...] = (parse_count, parse_bytes, parse_milliseconds, parse_seconds)
SPACE = """stem_stride = 1
heads = [0, 2]
acts = ["relu", "hard_swish"]
widest = 256

[[stages]]
blocks = ["basic", "inverted_residual t4 k5"]
depths = [1, 2, 3]
growth = [1.0, 1.5, 2.0]
se = [false, true]

[[stages]]
blocks = ["inverted_residual t3", "resnext t2 g4"]
stride = 2
depths = [0, 1, 2]
widths = [32, 48, 64]
"""
BUDGETS = ["macs<300M params<4M peak-memory<2MiB", "latency<3ms size<1MB"]
INPUTS = ["3x160x160", "ids:128:int64", "images:[3x32x32]"]
LABELS = [
    "path,label,split\na/1.jpg,cat,train\na/2.jpg,dog,train\na/3.jpg,cat,test\na/4.jpg,dog,test\n",
    'file;class\n1.jpg;"cat; tabby"\n2.jpg;dog\n3.jpg;dog\n',
]
NETWORKS = ["mobilenet_v2:width=0.5,resolution=64", "cifar_resnet20:width=0.5,classes=10", "squeezenet1_1"]


def formats() -> tuple[Format, ...]:
    """All of them, texts first."""
    return (
        Format(name="designs", seeds=lambda: DESIGNS, read=lambda t: candidate_graph(t, classes=10, channels=3)),
        Format(name="quantities", seeds=lambda: ["300M", "512KiB", "1.5 MB", "3ms", "2h30m"], read=_quantity),
        Format(
            name="budgets", seeds=lambda: ["macs<300M params<4M peak-memory<2MiB", "latency<=3ms"], read=read_budget
        ),
        Format(name="networks", seeds=lambda: NETWORKS, read=network),
        Format(
            name="inputs", seeds=lambda: ["3x160x160", "ids:128:int64", "images:[3x32x32]"], read=lambda t: parsed([t])
        ),
        Format(name="recipes", file="r.toml", seeds=lambda: [to_toml(recipe())], read=lambda p: read_recipe(Path(p))),
        Format(name="spaces", file="s.toml", seeds=lambda: [SPACE], read=lambda p: open_space(p, (32,))),
        Format(name="graphs", file="g.json", seeds=lambda: [to_json(small())], read=read),
        Format(name="costs", file="c.json", seeds=lambda: [_costs()], read=lambda p: read_cost_document(Path(p))),
        Format(name="labels", file="l.csv", seeds=lambda: LABELS, read=lambda p: read_table(Path(p))),
        Format(name="run.json", file="run.json", seeds=lambda: [json.dumps(_run())], read=_told),
        Format(name="model", file="m.safetensors", binary=True, seeds=lambda: [_model()], read=load_model),
        Format(
            name="packed", file="m.fbone", binary=True, seeds=lambda: [_packed()], read=load_model, again=_sealed_again
        ),
        Format(name="quantized", file="q.safetensors", binary=True, seeds=lambda: [_quantized()], read=load_quantized),
        Format(name="safetensors", file="w.safetensors", binary=True, seeds=lambda: [_model()], read=read_state),
        Format(name="pth", file="w.pth", binary=True, seeds=_pickles, read=read_state, again=_rezipped),
        Format(name="torchscript", file="w.pt", binary=True, seeds=_scripts, read=read_state, again=_rezipped),
        Format(name="pt2", file="m.pt2", binary=True, seeds=lambda: [_exported()], read=read, again=_rezipped),
        Format(name="onnx", file="m.onnx", binary=True, seeds=lambda: [_onnx()], read=read),
        Format(
            name="ledger", file="ledger.sqlite", binary=True, seeds=lambda: [ledger()], read=searched, again=resealed
        ),
        Format(name="images", file="i.png", binary=True, seeds=_images, read=_decoded),
        Format(name="archives", file="a.zip", binary=True, seeds=_archives, read=_unpacked),
    )


def small() -> Graph:
    """A network of a few hundred weights, with a shortcut and a gate."""
    x = image(3, 16).conv(4, 3, stride=2, name="stem").norm().act("relu6")
    y = (x + x.depthwise(3).norm().act("hard_swish").pointwise(4)).global_pool().flatten()
    return y.linear(3).graph("small")


def recipe() -> Recipe:
    settings = {"learning_rate": 0.2, "clip": 1.0, "warmup_epochs": 1.5, "ema_decay": 0.99}
    return Recipe(epochs=30, class_weights=(("cat", 2.0), ("dog", 0.5)), resolutions=((1, 16), (10, 32)), **settings)


def _quantity(text: str) -> object:
    return PARSERS[len(text) % len(PARSERS)](text)


def _costs() -> str:
    return json.dumps(to_document(cost_table(count(small()))))


def _run() -> dict[str, object]:
    result = {
        **{"trial": 1, "val_top1": 0.9, "test_top1": 0.9, "test_top5": 1.0, "test_top1_interval": [0.8, 0.95]},
        **{"test_count": 20, "confusion": [[9, 1, 0], [1, 9, 0], [0, 0, 0]], "params": 100, "macs": 1000},
        **{
            "peak_memory": 512,
            "file_bytes": 900,
            "timing": {"p50_ms": 0.1, "p90_ms": 0.2, "runs": 9, "threads": 1},
            "test_top1_standard_error": 0.1,
        },
        **{"test_loss": 0.3, "test_brier": 0.1, "test_calibration_error": 0.05},
        "verification": {"images": 20, "top1_agreement": 1.0, "largest_difference": 1e-6, "passed": True},
    }
    return {
        **{"format": FORMAT, "version": VERSION, "job": "fit", "command": ["featherbone", "fit", "photos"], "seed": 0},
        "data": {
            "name": "photos",
            "classes": ["cat", "dog", "owl"],
            "channels": 3,
            "resolution": 16,
            "counts": {"val": 9},
        },
        **{"budget": {"macs": 1000, "latency": {"ms": 2.0}}, "recipe": recipe().to_dict(), "result": result},
    }


def _told(path: str) -> None:
    """As the terminal tells a finished run, after what the page reads."""
    folder = Path(path).parent
    read_run(folder)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(typer.Exit):
        print_run(folder, never_saw="", json=False)


def _model() -> bytes:
    graph = small()
    model = Model(
        graph=graph,
        weights=weights_of(module(graph, seed=0)),
        classes=("cat", "dog", "owl"),
        preprocessing=Preprocessing(resolution=16, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3),
    )
    return _written("model.safetensors", lambda path: save_model(path, model))


def _packed() -> bytes:
    graph = small()
    levels = {
        name: Levelled(levels=(40 * tensor).round().numpy().astype(np.int16), step=0.025)
        for name, tensor in weights_of(module(graph, seed=0)).items()
    }
    seen = Preprocessing(resolution=16, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    about = About(graph=graph, classes=("cat", "dog", "owl"), preprocessing=seen, provenance={})
    return packed_bytes(PackedModel(about=about, levels=levels))


def _sealed_again(content: bytes, chance: random.Random) -> bytes:
    """Changes behind the checksum, which is right again."""
    body = next(iter(contents([content[START:]], 1, seed=chance.randrange(2**32))))
    return content[:9] + hashlib.sha256(body).digest()[:16] + body


def _quantized() -> bytes:
    graph = small()
    quantized = QuantizedModel(
        network=nearest_network(prepared(graph, weights_of(module(graph, seed=0))), {}, 3),
        classes=("cat", "dog", "owl"),
        preprocessing=Preprocessing(resolution=16, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3),
    )
    return _written("model.safetensors", lambda path: save_quantized(path, quantized))


def _pickles() -> list[bytes]:
    weights = {"state_dict": weights_of(module(small(), seed=0)), "epoch": 3}
    return [
        _written("w.pth", lambda path: torch.save(weights, path)),
        _written("w.pth", lambda path: torch.save(weights, path, _use_new_zipfile_serialization=False)),
    ]


def _scripts() -> list[bytes]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is on its way out
        return [_written("w.pt", lambda path: torch.jit.save(torch.jit.script(torch.nn.Linear(3, 2)), path))]


@cache
def _exported() -> bytes:
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU()).eval()
    program = torch.export.export(model, (torch.rand(1, 3, 8, 8),))
    return _written("m.pt2", lambda path: torch.export.save(program, path))


def _onnx() -> bytes:
    content: bytes = untrained_onnx(small()).SerializeToString()
    return content


def _images() -> list[bytes]:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (12, 16, 3), dtype=np.uint8))
    found = []
    for name in ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"):
        file = io.BytesIO()
        picture.save(file, name)
        found.append(file.getvalue())
    return found


def _decoded(path: str) -> object:
    return decode(Path(path).read_bytes(), resolution=8, channels=3)


def _archives() -> list[bytes]:
    members = {f"{label}/{number}.png": _images()[0] for label in ("cat", "dog") for number in range(2)}
    zipped, plain, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    for file, mode in ((plain, "w"), (packed, "w:gz")):
        with tarfile.open(fileobj=file, mode=mode) as tar:  # type: ignore[call-overload]
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return [zipped.getvalue(), plain.getvalue(), packed.getvalue()]


def _unpacked(path: str) -> None:
    with opened(Path(path), scratch=Path(path).parent) as source:
        for name in source.paths:
            if not name.endswith("/"):
                source.read(name)


def _rezipped(content: bytes, chance: random.Random) -> bytes:
    """One member of a zip changed, with checksums that fit: what only the reader of the member can notice."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return next(contents([content], 1, seed=chance.randrange(2**32)))
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        names = old.namelist()
        likely = [name for name in names if name.endswith((".json", ".pkl", ".py"))]
        changed = chance.choice(likely or names)
        for name in names:
            member, seed = old.read(name), chance.randrange(2**32)
            if name == changed and name.endswith((".json", ".py")):
                member = next(texts([member.decode()], 1, seed=seed)).encode("utf-8", "surrogatepass")
            elif name == changed:
                member = next(contents([member], 1, seed=seed))
            new.writestr(name, member)
    return file.getvalue()


def _written(name: str, write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()
