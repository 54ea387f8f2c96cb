"""``featherbone cost --budget``: a verdict for continuous integration, a line for each limit that does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from featherbone.cli.output import console, print_json

if TYPE_CHECKING:
    from featherbone.cost import Count
    from featherbone.graph import Graph


def gate(counted: Count, budget: str, *, dtype: str, json: bool) -> None:
    """Say whether a network fits, and end with exit code 1 where it does not.

    Raises:
        FeatherboneError: a budget that cannot be read; a latency that cannot be measured.
    """
    from featherbone.cost import peak_memory
    from featherbone.cost.budget_gate import check_budget, read_budget

    graph = counted.graph
    findings = check_budget(
        read_budget(budget),
        counted,
        {
            "peak_memory": lambda: peak_memory(graph, dtype).bytes,
            "size": lambda: _size(graph),
            "latency": lambda: _latency(graph),
        },
    )
    broken = [finding for finding in findings if not finding.holds]
    if json:
        print_json(
            {
                "network": graph.name,
                "fits": not broken,
                "limits": [
                    {
                        "what": finding.limit.what,
                        "sign": finding.limit.sign,
                        "limit": finding.limit.bound,
                        "value": finding.value,
                        "holds": finding.holds,
                        "unknown": finding.unknown,
                    }
                    for finding in findings
                ],
            }
        )
    elif broken:
        for finding in broken:
            console().print(f"{graph.name}: {finding}", soft_wrap=True)
    else:
        console().print(f"{graph.name} fits: " + "; ".join(map(str, findings)), soft_wrap=True)
    if broken:
        raise typer.Exit(1)


def _size(graph: Graph) -> float:
    """Bytes of the model file in float32, an upper bound: what ``featherbone fit --size`` limits."""
    from featherbone.search.budget import costs_of

    return costs_of(graph).size


def _latency(graph: Graph) -> float:
    """The median of a batch of one in ONNX Runtime with one thread on this machine, in milliseconds."""
    from featherbone.cli.steps import steps
    from featherbone.measure import measure, prepared

    with steps() as say, prepared([graph], ["onnxruntime"], progress=say) as subjects:
        (latency,) = measure(subjects, runtime="onnxruntime", threads=1, progress=say)
    if latency.noisy:
        console(stderr=True).print(f"noisy: {'; '.join(latency.noise)}")
    return float(latency.times.p50_ms)
