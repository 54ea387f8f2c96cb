"""Imports point downwards: a module imports from its own package and from those that stand before it here."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import featherbone

PACKAGE = Path(featherbone.__file__).parent
DOOR = "featherbone"  # loads what it names when that is used; who lives inside takes only its version and place
# From the bottom to the top; those of a line know nothing of each other.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "lazy"),
    (DOOR,),
    (
        "atomic",
        "files",
        "lock",
        "metrics",
        "notebook",
        "onnx_dialect",
        "progress",
        "quantity",
        "scratch",
        "torchrun",
        "view",
        "wording",
    ),
    ("bench_record", "cache", "cut_record", "download", "quantities", "quantized_record"),
    ("compiled", "graph"),
    ("json_values", "run_record"),
    ("run_file",),
    ("blocks",),
    ("networks",),
    ("cost",),
    ("nn",),
    ("rewrite",),
    ("pack",),
    ("quantize",),
    ("importing",),
    ("hub", "kernels", "measure"),
    ("data",),
    ("search", "ship", "train"),
    ("latency", "report"),
    ("explore",),
    ("job",),
    ("cli",),
    ("__main__",),
)
HEIGHT = {name: height for height, floor in enumerate(FLOORS) for name in floor}
# The core of an install: everything below `nn`, and the help of the commands.
CORE = tuple(name for name, height in HEIGHT.items() if height < HEIGHT["nn"] and name != "metrics")
HEAVY = ("numpy", "onnx", "onnxruntime", "torch")


def imported(path: Path) -> Iterator[str]:
    """The packages and modules of featherbone that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            whole = [node.module or ""] if node.module != DOOR else [f"{DOOR}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names]
        else:
            continue
        for name in whole:
            first, _, rest = name.partition(".")
            if first == DOOR:
                part = rest.partition(".")[0]
                yield part if part in HEIGHT else featherbone._HOME.get(part, DOOR)


def home(path: Path) -> str:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return DOOR if part == "__init__" else part


def test_every_package_has_its_floor() -> None:
    there = {home(path) for path in PACKAGE.rglob("*.py")}
    assert there == set(HEIGHT)
    assert sum(len(floor) for floor in FLOORS) == len(HEIGHT)


def test_no_import_points_upwards() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        if home(path) != DOOR
        for name in imported(path)
        if name != home(path) and HEIGHT[name] >= HEIGHT[home(path)]
    }
    assert not found, sorted(found)


def test_the_core_loads_neither_torch_nor_numpy() -> None:
    code = [f"import featherbone.{name}" for name in CORE if name != DOOR]
    code += ["import sys", f"print([name for name in {HEAVY!r} if name in sys.modules])"]
    said = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"


def test_reading_weights_and_training_alone_load_no_compiler() -> None:
    code = "import sys, featherbone.hub.loading, featherbone.job.training.train; print('torch._dynamo' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "False\n"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from featherbone.cli.main import app", ["cli"]),
        ("def f():\n    from featherbone import job, __version__", ["job", DOOR]),
        ("import featherbone.train.run.loop, os", ["train"]),
        ("from featherbone import network", ["networks"]),
        ("from torch import nn", []),
    ],
)
def test_imports_are_seen(tmp_path: Path, line: str, names: list[str]) -> None:
    (tmp_path / "module.py").write_text(line)
    assert list(imported(tmp_path / "module.py")) == names
