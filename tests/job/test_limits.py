"""Limits as they are written become a budget; what says how latency is limited needs a limit on it."""

from __future__ import annotations

import pytest

from featherbone.errors import FeatherboneError
from featherbone.job.limits import LIMITS, RUNTIME


@pytest.mark.parametrize(("runtime", "threads"), [(RUNTIME, 2), ("openvino", 1), ("openvino", 2)])
def test_runtime_or_threads_alone_are_refused(runtime: str, threads: int) -> None:
    assert LIMITS.join is not None
    with pytest.raises(FeatherboneError, match="--runtime and --threads say how latency is limited, and it is not"):
        LIMITS.join(macs="1M", runtime=runtime, threads=threads)
    budget = LIMITS.join(latency="3ms", runtime=runtime, threads=threads)
    assert (budget.latency.ms, budget.latency.runtime, budget.latency.threads) == (3.0, runtime, threads)


def test_limits_are_written_as_they_are_read() -> None:
    assert LIMITS.join is not None
    assert LIMITS.split is not None
    for asked in ({"macs": "300M", "size": "1MB"}, {"params": "80k", "latency": "3ms"}):
        budget = LIMITS.join(runtime=RUNTIME, threads=1, **asked)
        assert LIMITS.join(**{"runtime": RUNTIME, "threads": 1, **LIMITS.split(budget)}) == budget
