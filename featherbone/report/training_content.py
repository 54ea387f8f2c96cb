"""What the page of a training shows beside what every page does."""

from __future__ import annotations

from typing import Any

from featherbone.cost import count, peak_memory
from featherbone.graph import from_json
from featherbone.quantities import QUANTITIES
from featherbone.quantity import format_count
from featherbone.report.cut_content import cut_content
from featherbone.report.learning_figures import learning
from featherbone.report.longer import longer
from featherbone.report.quantized_content import quantized_content
from featherbone.report.run import Run
from featherbone.report.words import Headline
from featherbone.wording import percent


def training_content(run: Run) -> dict[str, Any]:
    """The content of the page, by the names in ``training.html``."""
    recipe = run.record.recipe
    return {
        **cut_content(run.record),
        **quantized_content(run.record),
        "graph": from_json(run.graph) if run.graph else None,
        "figures": learning(run),
        "verdict": training_verdict(run),
        "missing": _missing(run),
        "costs": _costs(run),
        "epochs": recipe.get("epochs"),
        "last": run.history[-1] if run.history else None,
        "best": max(run.history, key=lambda row: row.get("val_top1") or 0) if run.history else None,
        "shipped": "the best epoch" if recipe.get("patience") else "the last epoch",
        "seconds": sum(row.get("seconds") or 0 for row in run.history),
        "gain": run.record.gain,
        "network": run.record.network,
    }


def training_verdict(run: Run) -> Headline:
    """The answer in one sentence."""
    result, name = run.result, _name(run)
    if result is None:
        if run.record.job == "prune" and not run.history:
            return Headline(tone="open", badge="running", sentence=f"{name} is being cut.")
        if run.record.job == "quantize":
            return Headline(tone="open", badge="running", sentence=f"{name} are being chosen.")
        if not run.history:
            return Headline(tone="open", badge="running", sentence="No epoch is finished yet.")
        last = run.history[-1]
        return Headline(
            tone="open",
            badge="running",
            sentence=f"After epoch {last['epoch']}, {name} gets {percent(last.get('val_top1'))} of the validation "
            "images right.",
        )
    sentence = (
        f"{name}, with {format_count(result.params)} parameters and {format_count(result.macs)} multiply-adds, "
        f"gets {percent(result.test_top1)} of {result.test_count:,} test images right, which it had never seen."
    )
    if not result.verification.passed:
        return Headline(tone="bad", badge="not verified", sentence=f"{sentence} The ONNX file does not match it.")
    if run.record.job == "prune":
        return Headline(tone="good", badge="pruned", sentence=sentence)
    if run.record.job == "quantize":
        return Headline(tone="good", badge="quantized", sentence=sentence)
    more = longer(run.history, run.record.data.validated, "--epochs")
    return Headline(tone="good", badge="trained", sentence=sentence + more)


def _name(run: Run) -> str:
    record = run.record
    if record.pruned is not None:
        return f"{record.pruned.name}, cut"
    if record.quantized is not None:
        name = record.quantized.name
        return f"integers for {name}" if record.result is None else f"{name} in integers"
    return record.network.title if record.network else "the network"


def _missing(run: Run) -> list[str]:
    """What a page of a training that is going on can't show yet."""
    gaps = [] if run.history or run.record.job in ("prune", "quantize") else ["learning curves"]
    if run.result is None:
        gaps += ["the test result", "the model files", "the check of the ONNX file", "latency"]
    return gaps


def _costs(run: Run) -> list[tuple[str, str]]:
    """What the network costs, as names and amounts."""
    if not run.graph:
        return []
    graph = from_json(run.graph)
    counted, result = count(graph), run.result
    peak = peak_memory(graph).bytes if result is None else result.peak_memory
    known = {"macs": counted.macs, "params": counted.params, "peak_memory": peak}
    known |= {} if result is None else {"size": result.file_bytes}
    return [(QUANTITIES[name].words, QUANTITIES[name].show(int(value))) for name, value in known.items()]
