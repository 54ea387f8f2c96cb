"""``featherbone cost --budget``: a verdict for continuous integration, a line for each limit that does not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from featherbone.cli.output import console, print_json

if TYPE_CHECKING:
    from featherbone.cost import Count


def gate(counted: Count, budget: str, subject: Callable[[], Any], *, dtype: str, json: bool) -> None:
    """Say whether a network fits, and end with exit code 1 where it does not.

    ``subject`` gives what is timed where a latency is limited: a file itself, where the network is one.

    Raises:
        FeatherboneError: a budget that cannot be read; a latency that cannot be measured.
    """
    from featherbone.cost import peak_memory
    from featherbone.cost.budget_gate import check_budget, read_budget
    from featherbone.search.costs.budget import costs_of

    graph = counted.graph
    findings = check_budget(
        read_budget(budget),
        counted,
        {
            "peak_memory": lambda: peak_memory(graph, dtype).bytes,
            "size": lambda: costs_of(graph).size,
            "int8_size": lambda: costs_of(graph).int8_size,
            "latency": lambda: _latency(subject()),
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


def _latency(subject: Any) -> float:
    """The median in ONNX Runtime with one thread on this machine, in milliseconds: of one image, or a file's batch."""
    from featherbone.cli.steps import steps
    from featherbone.measure import measure, prepared

    with steps() as say, prepared([subject], ["onnxruntime"], progress=say) as subjects:
        (latency,) = measure(subjects, runtime="onnxruntime", threads=1, progress=say)
    if latency.batch > 1:
        console(stderr=True).print(f"note: {latency.network} was exported for a batch of {latency.batch}, and so timed")
    if latency.noisy:
        console(stderr=True).print(f"noisy: {'; '.join(latency.noise)}")
    return float(latency.times.p50_ms)
