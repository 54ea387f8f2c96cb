"""Our numbers beside those that ``run_peers.py`` collected: equal to the last digit, or the difference explained.

    peers/bin/python benchmarks/peers/compare.py > benchmarks/results/conventions.txt

Two readings of ours stand beside each tool's: of the tool's very module, and of our network of that architecture. A
difference counts as explained only where the operators below, computed from the graph, give it exactly.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from subjects import ARCHITECTURES, MODULES, build, input_size
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe

from featherbone.cost import CONVENTIONS, Convention, count
from featherbone.cost.calls import calls
from featherbone.graph import Graph
from featherbone.importing import read_model
from featherbone.networks import network

# Where a tool is wrong or sees less, in words; shown beside the small module that proves it.
REMARKS = {
    ("functional convolution", "ptflops"): "misses the convolution that is called as a function",
    ("functional convolution", "thop"): "misses the convolution that is called as a function",
    ("functional convolution", "torchinfo"): "misses the convolution that is called as a function",
    ("shared, two parents", "ptflops"): "4 times for 2 runs: run by both, added up in both",
    ("shared, two parents", "thop"): "8 times for 2 runs: hooked by both, run by both, added up in both",
    ("shared, two parents", "calflops"): "4 times for 2 runs: run by both, added up in both",
    ("transposed convolution", "thop"): "kernels at each element written, not read: stride² times too many",
    ("transposed convolution", "torchinfo"): "kernels at each element written, not read: stride² times too many",
    ("depthwise transposed", "thop"): "kernels at each element written, not read: stride² times too many",
    ("depthwise transposed", "torchinfo"): "kernels at each element written, not read: stride² times too many",
    ("depthwise transposed", "calflops"): "divides by the groups twice",
    ("activations", "ptflops"): "nn.ReLU counted as a module and as a function; F.relu once",
    ("matrix product", "ptflops"): "misses a @ b",
    ("matrix product", "thop"): "misses a @ b",
    ("matrix product", "torchinfo"): "misses a @ b",
    ("matrix product", "calflops"): "misses a @ b",
    ("attention", "fvcore"): "misses fused attention",
    ("attention", "ptflops"): "misses fused attention",
    ("attention", "thop"): "misses fused attention",
    ("attention", "torchinfo"): "misses fused attention",
    ("attention", "calflops"): "misses fused attention",
    ("linear over places", "torchinfo"): "counts one place of 256",
    ("linear over places", "ptflops-aten"): "here the bias is an addition of its own, which is free",
}


def ours(graph: Graph, convention: Convention, model: nn.Module | None) -> int:
    return int(count(graph, convention, calls={} if model is None else calls(graph, model)).macs)


def idle_pools(model: nn.Module, size: tuple[int, ...]) -> int:
    """Elements of maps that an adaptive pooling module averages to the size they have: no operator of a graph."""
    found = 0

    def hook(_: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal found
        if inputs[0].shape == output.shape:
            found += output.numel()

    handles = [
        module.register_forward_hook(hook) for module in model.modules() if isinstance(module, nn.AdaptiveAvgPool2d)
    ]
    with torch.no_grad():
        model(torch.zeros(1, *size))
    for handle in handles:
        handle.remove()
    return found


IDLE_RATE = {"fvcore": 1, "ptflops": 2, "thop": 2}


def attention_scores(model: nn.Module, size: tuple[int, ...]) -> int:
    """Elements of the scores of every head of ``nn.MultiheadAttention``, whose softmax ptflops charges."""
    found = 0

    def hook(module: nn.MultiheadAttention, inputs: tuple[torch.Tensor, ...]) -> None:
        nonlocal found
        places = inputs[0].shape[1 if module.batch_first else 0]
        found += module.num_heads * places**2

    layers = [module for module in model.modules() if isinstance(module, nn.MultiheadAttention)]
    handles = [layer.register_forward_pre_hook(hook) for layer in layers]
    with torch.no_grad():
        model(torch.zeros(1, *size))
    for handle in handles:
        handle.remove()
    return found


def explanations(name: str, tool: str, graph: Graph, model: nn.Module) -> Iterator[tuple[str, int]]:
    """What each known cause makes of the difference between the tool's number and ours."""
    if tool in IDLE_RATE and (elements := idle_pools(model, input_size(name))):
        yield "adaptive pooling to the size that the map has", IDLE_RATE[tool] * elements
    if tool == "ptflops" and (elements := attention_scores(model, input_size(name))):
        yield "softmax inside nn.MultiheadAttention", elements


def written(graph: Graph, tool: str, model: nn.Module) -> dict[str, int]:
    """By kind, how our network's count differs where torchvision calls functions instead of modules."""
    convention, called = CONVENTIONS[tool], calls(graph, model)
    plain, seen = count(graph, convention), count(graph, convention, calls=called)
    differences: dict[str, int] = {}
    for before, after in zip(plain.rows, seen.rows, strict=True):
        if before.macs != after.macs:
            way = f"{before.description} called as a {called[before.name]}"
            differences[way] = differences.get(way, 0) + int(after.macs) - int(before.macs)
    return differences


def architectures(peers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    equal = explained = open_ = 0
    notes: list[str] = []
    for name, spec in ARCHITECTURES.items():
        model = build(name)
        graph = read_model(model, input_size(name))
        zoo = None if spec is None else network(spec)
        yield ""
        yield f"{name}  (ours: {spec or 'none, the module alone is compared'})"
        yield f"  {'tool':13}{'it says':>16}{'ours, its module':>18}{'ours, our network':>19}"
        for tool, says in peers[name].items():
            same = ours(graph, CONVENTIONS[tool], model)
            own = None if zoo is None else ours(zoo, CONVENTIONS[tool], None)
            causes = dict(explanations(name, tool, graph, model))
            verdict = _verdict(says, same, causes)
            equal, explained, open_ = (
                equal + (verdict == "equal"),
                explained + (verdict not in ("equal", "not explained")),
                open_ + (verdict == "not explained"),
            )
            shown = "" if own is None else f"{own:,}"
            yield f"  {tool:13}{_number(says):>16}{same:>18,}{shown:>19}  {verdict}"
            if own is not None and own != same:
                why = written(graph, tool, model)
                whole = own + sum(why.values()) == same
                text = "; ".join(f"{way} {amount:+,}" for way, amount in why.items())
                notes.append(
                    f"  {name}, {tool}: {text}" if whole else f"  {name}, {tool}: {own - same:+,} not explained"
                )
    yield ""
    yield f"Tool against ours on its own module: {equal} equal to the last digit, {explained} explained, {open_} not."
    yield ""
    yield "Why our own network's number differs from the module's (torchvision writes a layer as a function):"
    yield from notes


def _verdict(says: Any, same: int, causes: Mapping[str, int]) -> str:
    if says == same:
        return "equal"
    if isinstance(says, int) and causes and says - same == sum(causes.values()):
        return "explained: " + ", ".join(f"{cause} {amount:+,}" for cause, amount in causes.items())
    return "not explained"


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "failed"


def modules(peers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name in MODULES:
        model = build(name)
        graph = read_model(model, input_size(name))
        true = int(count(graph).macs)
        yield ""
        yield f"{name}: {true:,} by the papers' convention"
        for tool, says in peers[name].items():
            mine = ours(graph, CONVENTIONS[tool], model)
            remark = REMARKS.get((name, tool), "" if says in (true, mine) else "?")
            shown = "the same" if mine == says else f"{mine:,}"
            yield f"  {tool:13}{_number(says):>12}  our {tool + ':':14}{shown:14}{remark}".rstrip()


def main() -> None:
    kept = json.loads((Path(__file__).parent / "figures.json").read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    print(describe("torch"), end="")
    print("tools     " + ", ".join(f"{tool} {version}" for tool, version in kept["versions"].items()))
    print("\nMultiply-adds by each tool, and by our preset of its name.")
    print("\n".join(architectures(kept["models"])))
    print("\nWhere tools go astray: small modules on an input of 8×16×16.")
    print("\n".join(modules(kept["models"])))


if __name__ == "__main__":
    main()
