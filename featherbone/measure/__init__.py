"""What a network costs when it runs: latency, times by operator, and the roofline of this machine.

The names load when they are used: a measuring process imports this package too, and must hold its runtime alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.lazy import loader

if TYPE_CHECKING:
    from featherbone.measure.latency import Latency as Latency
    from featherbone.measure.latency import measure as measure
    from featherbone.measure.limits import MachineLimits as MachineLimits
    from featherbone.measure.limits import measure_limits as measure_limits
    from featherbone.measure.operators import Profile as Profile
    from featherbone.measure.operators import profile as profile
    from featherbone.measure.roofline import Roofline as Roofline
    from featherbone.measure.runtimes.catalogue import RUNTIMES as RUNTIMES
    from featherbone.measure.subject import Subject as Subject
    from featherbone.measure.subject import prepared as prepared

_PLACES = {
    "Latency": "latency",
    "MachineLimits": "limits",
    "Profile": "operators",
    "RUNTIMES": "runtimes.catalogue",
    "Roofline": "roofline",
    "Subject": "subject",
    "measure": "latency",
    "measure_limits": "limits",
    "prepared": "subject",
    "profile": "operators",
}

__all__ = sorted(_PLACES)

__getattr__ = loader(__name__, _PLACES)
