"""How long it takes to profile a model given as a torch.nn.Module, beside other profilers, in one process.

    python benchmarks/profile_speed.py [--runs 20]

Needs torchvision for the models' definitions; its compiled operators are not needed and not loaded. Compared are
torch's own FlopCounterMode and, of fvcore, ptflops, thop, torchinfo and calflops, whichever are installed. The tools
take turns, so that what else the machine does falls on all alike. Times are in milliseconds, the median and the fastest
run; MACs are each tool's own figure.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from machine import describe
from torch import nn

import featherbone

MODELS = ("resnet50", "mobilenet_v2", "shufflenet_v2_x1_0", "efficientnet_b0", "vit_b_16")
SIZE = (3, 224, 224)


def torchvision_models() -> Any:
    """torchvision's models beside a torch without its operators: their schemas must be declared before the import."""
    schemas = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        schemas.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return schemas, importlib.import_module("torchvision.models")


def ours(model: nn.Module) -> int:
    return int(featherbone.profile(model, SIZE).macs)


def flop_counter(model: nn.Module) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *SIZE))
    return int(counter.get_total_flops()) // 2


def fvcore(model: nn.Module) -> int:
    analysis = importlib.import_module("fvcore.nn").FlopCountAnalysis(model, torch.zeros(1, *SIZE))
    return int(analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def ptflops(model: nn.Module) -> int:
    count = importlib.import_module("ptflops").get_model_complexity_info
    return int(count(model, SIZE, as_strings=False, print_per_layer_stat=False, verbose=False)[0])


def thop(model: nn.Module) -> int:
    return int(importlib.import_module("thop").profile(model, inputs=(torch.zeros(1, *SIZE),), verbose=False)[0])


def torchinfo(model: nn.Module) -> int:
    summary = importlib.import_module("torchinfo").summary
    return int(summary(model, input_size=(1, *SIZE), verbose=0).total_mult_adds)


def calflops(model: nn.Module) -> int:
    count = importlib.import_module("calflops").calculate_flops
    return int(count(model, (1, *SIZE), output_as_string=False, print_results=False, print_detailed=False)[1])


def installed() -> dict[str, Callable[[nn.Module], int]]:
    """Ours, torch's, and every other tool that can be imported."""
    tools: dict[str, Callable[[nn.Module], int]] = {"featherbone": ours, "FlopCounterMode": flop_counter}
    for tool in (fvcore, ptflops, thop, torchinfo, calflops):
        with contextlib.suppress(ImportError):
            importlib.import_module(tool.__name__)
            tools[tool.__name__] = tool
    return tools


def measured(tool: Callable[[nn.Module], int], model: nn.Module) -> tuple[float, int]:
    """(milliseconds, MACs) of one call; what a tool prints is dropped."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        begin = time.perf_counter()
        macs = tool(model)
        return (time.perf_counter() - begin) * 1e3, macs


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    torch.set_num_threads(1)
    schemas, models = torchvision_models()
    tools = installed()
    packages = [name for name in tools if name not in ("featherbone", "FlopCounterMode")]
    print(describe("torch", *packages))
    print(f"{'model':20} {'tool':16} {'ms':>8} {'fastest':>8} {'MACs':>16}")
    for name in MODELS:
        model = getattr(models, name)(weights=None).eval()
        times: dict[str, list[float]] = {tool: [] for tool in tools}
        macs: dict[str, int] = {}
        for turn in range(runs + 2):
            for tool, profile in tools.items():
                elapsed, macs[tool] = measured(profile, model)
                if turn >= 2:  # the first two fill caches
                    times[tool].append(elapsed)
        for tool, values in times.items():
            print(f"{name:20} {tool:16} {statistics.median(values):8.1f} {min(values):8.1f} {macs[tool]:16,}")
    del schemas


if __name__ == "__main__":
    main()
