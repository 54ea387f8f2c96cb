"""What the page of a pruning shows beside that of a training: what was cut, and what it brought."""

from __future__ import annotations

from typing import Any

from featherbone.cut_record import ComparedRecord
from featherbone.quantities import QUANTITIES
from featherbone.run_record import RunRecord
from featherbone.wording import percent

SHOWN = ("macs", "params", "peak_memory", "size", "latency")
NO_FASTER = 0.95  # of the time before: with more, a cut is said to bring no speed


def cut_content(record: RunRecord) -> dict[str, Any]:
    """The networks before and after, and where channels went; empty for a training."""
    cut = record.cut
    return {
        "compared": _compared(record) if record.compared else None,
        "cut": None
        if cut is None
        else {
            "widths": cut.widths,
            "seconds": cut.seconds,
            "loss": cut.loss,
            "mended": cut.mended,
            "worst": max((layer.after for layer in cut.mended), default=0.0),
            "left": cut.left,
            "dropped": ", ".join(cut.dropped),
            "resolution": cut.resolution,
        },
    }


def no_faster(compared: tuple[ComparedRecord, ...]) -> str:
    """A sentence where the cut network is no faster than the whole one; empty where it is, or where it is not known.

    >>> common = {"params": 1, "peak_memory": 1, "file_bytes": 1, "test_top1": 0.9, "test_top1_standard_error": 0.01}
    >>> before = ComparedRecord(name="uncut", macs=100, latency_ms=2.0, **common)
    >>> no_faster((before, ComparedRecord(name="taught", macs=50, latency_ms=2.1, **common)))
    'The cut brings no speed here: 2.1 ms in place of 2 ms, for 50 % of the multiply-adds.'
    """
    before, after = compared[0], compared[-1]
    if not before.latency_ms or not after.latency_ms or after.latency_ms <= NO_FASTER * before.latency_ms:
        return ""
    return (
        f"The cut brings no speed here: {after.latency_ms:.3g} ms in place of {before.latency_ms:.3g} ms, for "
        f"{100 * after.macs / before.macs:.0f} % of the multiply-adds."
    )


def _compared(record: RunRecord) -> dict[str, Any]:
    rows = []
    for each in record.compared:
        known = {
            "macs": each.macs,
            "params": each.params,
            "peak_memory": each.peak_memory,
            "size": each.file_bytes,
            "latency": each.latency_ms,
        }
        amounts = [_amount(name, known[name]) for name in SHOWN]
        rows.append({"name": each.name, "top1": percent(each.test_top1), "amounts": amounts})
    slower = no_faster(record.compared) if record.quantized is None else ""  # which says it by itself
    return {"names": [QUANTITIES[name].words for name in SHOWN], "rows": rows, "slower": slower}


def _amount(name: str, value: float | None) -> str:
    return "–" if value is None else QUANTITIES[name].show(value)
