"""PyTorch as it is: the module in evaluation mode, eager, float32, in torch's default layout."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, from_json
from featherbone.importing import USUAL, built_module
from featherbone.measure.runtimes.workload import Workload
from featherbone.nn import module_with, read_tensors, source
from featherbone.nn.lines import operator_lines
from featherbone.nn.paths import class_name

RANGE = "featherbone:"  # before the names of our ranges, so that no operator of torch is taken for one


def load(job: Workload) -> Callable[[], object]:
    """A function that runs the network once on noise."""
    if job.built:
        return _module_runner(job)
    graph, weights = _read(job)
    return _runner(module_with(graph, weights).eval(), graph, job)


def _module_runner(job: Workload) -> Callable[[], object]:
    """A function that runs a module from elsewhere once: noise for its floats, zeros for its whole numbers."""
    from featherbone.nn.capture.inputs import Whole, examples
    from featherbone.nn.capture.structure import mapped
    from featherbone.nn.input_text import parsed

    torch.set_num_threads(job.threads)
    net = built_module(job.file).eval()
    given, named = parsed(job.inputs)
    whole = any(isinstance(value, Whole) for value in (*given, *named.values()))
    inputs, keywords, _ = examples(net, given if job.inputs else [USUAL], named)
    draw = torch.Generator().manual_seed(0)

    def noise(tensor: torch.Tensor) -> torch.Tensor:
        several = tensor.dim() > 0 and tensor.shape[0] == 1 and not whole
        shape = (job.batch, *tensor.shape[1:]) if several else tensor.shape
        if tensor.dtype.is_floating_point:
            return torch.randn(shape, generator=draw).to(tensor.dtype)
        return torch.zeros(shape, dtype=tensor.dtype)

    inputs, keywords = mapped(inputs, noise), mapped(keywords, noise)

    def run() -> object:
        with torch.inference_mode():
            return net(*inputs, **keywords)

    try:
        run()
    except Exception as error:  # a model's own code may raise anything
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FeatherboneError(
            f"{job.file} fails on noise of these sizes: {reason[:200]}", hint="give its inputs with --input"
        ) from error
    return run


def profile(job: Workload, runs: int, folder: Path) -> dict[str, float]:
    """Median seconds by operator of ``runs`` runs after as many to warm up, from ``torch.profiler``.

    The network's generated source runs with a named range around each line; a line is an operator.
    """
    graph, weights = _read(job)
    run = _runner(ranged_module(graph, weights).eval(), graph, job)
    for _ in range(runs):
        run()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        for _ in range(runs):
            run()
    by_name: defaultdict[str, list[float]] = defaultdict(list)
    for event in profiler.events():
        if event.name.startswith(RANGE):
            by_name[event.name.removeprefix(RANGE)].append(1e-6 * event.cpu_time_total)
    return {name: statistics.median(seconds) for name, seconds in by_name.items()}


def ranged_module(graph: Graph, weights: Mapping[str, torch.Tensor]) -> nn.Module:
    """The network whose every operator runs inside ``torch.profiler.record_function`` with the node's name."""
    lines = source(graph).splitlines()
    for number, name in operator_lines(graph).items():
        line = lines[number - 1]
        indent = line[: len(line) - len(line.lstrip())]
        lines[number - 1] = (
            f"{indent}with torch.profiler.record_function({RANGE + name!r}):\n{indent}    {line.lstrip()}"
        )
    namespace: dict[str, type[nn.Module]] = {}
    exec(compile("\n".join(lines), f"<featherbone {class_name(graph.name)} in ranges>", "exec"), namespace)
    with torch.device("meta"):
        net = namespace[class_name(graph.name)]()
    net.load_state_dict(dict(weights), assign=True)
    return net


def _read(job: Workload) -> tuple[Graph, dict[str, torch.Tensor]]:
    torch.set_num_threads(job.threads)
    weights, header = read_tensors(job.file)
    return from_json(header["graph"]), weights


def _runner(net: nn.Module, graph: Graph, job: Workload) -> Callable[[], object]:
    noise = torch.randn(job.batch, *graph.input_shape, generator=torch.Generator().manual_seed(0))

    def run() -> object:
        with torch.inference_mode():
            return net(noise)

    return run
