"""The limits that a job keeps, as options that together make a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from featherbone.errors import FeatherboneError
from featherbone.job.option import Option, OptionGroup
from featherbone.quantities import LIMITED, QUANTITIES

if TYPE_CHECKING:
    from featherbone.search import Budget

BUDGET = "Budget"  # a panel of the help
RUNTIME = "onnxruntime"


HELP = {  # of each limit
    "macs": "Most multiply-adds, such as 300M.",
    "params": "Most parameters, such as 80k.",
    "peak_memory": "Most activation memory, such as 512KiB.",
    "size": "Largest model file (float32), such as 1MB.",
    "int8_size": "Largest model file with 8-bit weights, such as 100KB.",
    "latency": "Longest time for one image on this machine, such as 3ms.",
}


def _budget(*, runtime: str, threads: int, **limits: str | None) -> Budget:
    """The budget of the limits as they are written."""
    from featherbone.search import Budget

    budget = Budget.read(**limits, runtime=runtime, threads=threads)
    if budget.latency is None and (runtime != RUNTIME or threads != 1):
        raise FeatherboneError(
            "--runtime and --threads say how latency is limited, and it is not", hint="give --latency, such as 3ms"
        )
    return budget


def _limits(budget: Budget) -> Mapping[str, Any]:
    """The limits of a budget, written as they are asked for."""
    latency, limits = budget.latency, budget.limits().items()
    texts = {QUANTITIES[name].flag: QUANTITIES[name].text(limit) for name, limit in limits}
    return {**texts, **({} if latency is None else {"runtime": latency.runtime, "threads": latency.threads})}


LIMITS = OptionGroup(
    options=(
        *(Option(name=QUANTITIES[name].flag, help=HELP[name], panel=BUDGET) for name in LIMITED),
        Option(name="runtime", help="Runtime in which latency is limited.", default=RUNTIME, panel=BUDGET),
        Option(
            name="threads",
            help="Threads with which latency is limited.",
            kind=int,
            default=1,
            least=1,
            panel=BUDGET,
        ),
    ),
    join=_budget,
    split=_limits,
)
