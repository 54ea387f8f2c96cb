"""Run the tools that people use over the same models, and keep what each says in ``figures.json``.

An environment of its own is best, as some of the tools ask for much:

    python -m venv peers
    peers/bin/pip install torch fvcore ptflops thop torchinfo calflops transformers deepspeed setuptools
    peers/bin/pip install --no-deps torchvision timm pillow
    peers/bin/python benchmarks/peers/run_peers.py

Models that were measured with these versions are not measured again; delete the file for that. ``compare.py`` sets our
numbers beside them. Numbers are multiply-adds: torch's FlopCounterMode is halved. All on a CPU.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import json
import logging
import multiprocessing
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from families import FAMILIES
from subjects import ARCHITECTURES, MODULES, build, input_size, torchvision_models
from torch import nn

Tool = Callable[[nn.Module, tuple[int, ...]], int]


def fvcore(model: nn.Module, size: tuple[int, ...]) -> int:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(model, torch.zeros(1, *size))
    return int(analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def ptflops(backend: str) -> Tool:
    def run(model: nn.Module, size: tuple[int, ...]) -> int:
        from ptflops import get_model_complexity_info

        macs, _ = get_model_complexity_info(
            model, size, backend=backend, as_strings=False, print_per_layer_stat=False, verbose=False
        )
        return int(macs)

    return run


def thop(model: nn.Module, size: tuple[int, ...]) -> int:
    from thop import profile

    return int(profile(model, (torch.zeros(1, *size),), verbose=False)[0])


def torchinfo(model: nn.Module, size: tuple[int, ...]) -> int:
    from torchinfo import summary

    return int(summary(model, (1, *size), verbose=0).total_mult_adds)


def calflops(model: nn.Module, size: tuple[int, ...]) -> int:
    from calflops import calculate_flops

    found = calculate_flops(
        model, input_shape=(1, *size), output_as_string=False, print_results=False, print_detailed=False
    )
    return int(found[1])


def deepspeed(model: nn.Module, size: tuple[int, ...]) -> int:
    from deepspeed.profiling.flops_profiler import get_model_profile

    return int(get_model_profile(model, (1, *size), print_profile=False, as_string=False, warm_up=0)[1])


def flop_counter(model: nn.Module, size: tuple[int, ...]) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, *size))
    return int(counter.get_total_flops()) // 2


TOOLS: dict[str, Tool] = {
    "fvcore": fvcore,
    "ptflops": ptflops("pytorch"),
    "ptflops-aten": ptflops("aten"),
    "thop": thop,
    "torchinfo": torchinfo,
    "calflops": calflops,
    "deepspeed": deepspeed,
    "torch": flop_counter,
}
IMPORTED = ("fvcore.nn", "ptflops", "thop", "torchinfo", "calflops", "deepspeed.profiling.flops_profiler", "timm")
PACKAGES = ("torch", "torchvision", "timm", "fvcore", "ptflops", "thop", "torchinfo", "calflops", "deepspeed")


def figure(tool: str, name: str) -> int | str:
    """What one tool says of one model; a tool that fails says why."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            return TOOLS[tool](build(name), input_size(name))
        except Exception as error:  # a peer's failure is a result
            return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def measure(name: str) -> dict[str, int | str]:
    """What every tool says of one model, each in a process of its own: some leave torch patched."""
    pool = multiprocessing.get_context("fork").Pool
    found: dict[str, int | str] = {}
    for tool in TOOLS:
        with pool(1) as alone:
            found[tool] = alone.apply(figure, (tool, name))
    return found


def main(path: Path) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    torchvision_models()  # ptflops imports it, and needs it prepared
    for module in IMPORTED:  # once, for all the processes that are forked
        importlib.import_module(module)
    versions = {package: importlib.metadata.version(package) for package in PACKAGES}
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if kept.get("versions") != versions:
        kept = {}
    models = kept.get("models", {})
    for name in (*MODULES, *FAMILIES, *ARCHITECTURES):
        if name not in models:
            models[name] = measure(name)
            print(name, models[name], file=sys.stderr, flush=True)
            kept = {**kept, "versions": versions, "models": models}
            path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(__file__).parent / "figures.json")
