"""What the page of a quantization shows beside that of a training: how integers came about, and how fast they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featherbone.quantity import format_bytes
from featherbone.quantized_record import SpeedRecord
from featherbone.run_record import RunRecord
from featherbone.wording import listed, percent

INTEGERS = "int8"


def quantized_content(record: RunRecord) -> dict[str, Any]:
    """The rules, the layers and the speeds; empty for another job."""
    integers = record.integers
    if integers is None:
        return {"integers": None}
    return {
        "integers": {
            "rule": integers.rule,
            "rules": sorted(integers.divergences.items(), key=lambda each: each[1]),
            "layers": integers.layers,
            "sensitivity": integers.sensitivity,
            "float_layers": integers.float_layers,
            "left_in_float": integers.left_in_float,
            "agreement": percent(integers.agreement),
            "before": percent(integers.val_before, 2),
            "after": percent(integers.val_after, 2),
            "count": integers.val_count,
            "weights": format_bytes(integers.weight_bytes),
            "maps": format_bytes(integers.map_bytes),
            "seconds": integers.seconds,
            "has_learned": integers.has_learned,
        },
        "speeds": [(each.runtime, each.precision, f"{each.ms:.3g} ms", bool(each.noise)) for each in record.speeds],
        "slower_integers": slower(record.speeds),
    }


def slower(speeds: Sequence[SpeedRecord]) -> str:
    """A sentence where integers bring no speed in a runtime; empty where they do everywhere.

    >>> times = (("float32", 1.0), ("bfloat16", 0.4), ("int8", 0.5))
    >>> slower([SpeedRecord(runtime="openvino", precision=name, ms=ms) for name, ms in times])
    'Integers bring no speed in openvino: 0.5 ms, and 0.4 ms in bfloat16.'
    """
    found = []
    for runtime in dict.fromkeys(each.runtime for each in speeds):
        times = {each.precision: each.ms for each in speeds if each.runtime == runtime}
        own = times.pop(INTEGERS, None)
        if own is None or not times:
            continue
        best = min(times, key=lambda name: times[name])
        if own >= times[best]:
            found.append(f"{runtime}: {own:.3g} ms, and {times[best]:.3g} ms in {best}")
    return f"Integers bring no speed in {listed(found)}." if found else ""
