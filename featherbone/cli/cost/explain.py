"""``featherbone cost --explain``: what each tool prints for the same model, and which operators make the difference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from featherbone.cli.output import console, print_json, print_table, with_lead

if TYPE_CHECKING:
    from featherbone.cost import Calls, Explanation
    from featherbone.graph import Graph


FUSED = ("attention", "multihead attention", "lstm")


def on_other_devices(found: Iterable[Explanation]) -> str:
    """What is to be said where tools that watch the dispatcher print other figures elsewhere; most often nothing."""
    missed = [
        -part.macs
        for each in found
        if each.convention == "torch"
        for part in each.parts
        if part.operator.partition(",")[0] in FUSED
    ]
    if not missed:
        return ""
    return (
        "torch and ptflops-aten are as on a CPU, where fused attention and LSTM are no products that they know; "
        f"with other kernels they may print up to {sum(missed):,} more."
    )


def print_explanation(graph: Graph, calls: Calls, *, json: bool) -> None:
    """The presets side by side, a line for each kind of operator that sets one apart from the papers' convention."""
    from featherbone.cost import count, explain
    from featherbone.graph.operators import shape_text

    found, uncounted = explain(graph, calls=calls), count(graph).uncounted
    if json:
        print_json(
            {
                "network": graph.name,
                "conventions": found,
                "note": on_other_devices(found),
                "uncounted": [{"name": name, "label": label} for name, label in uncounted],
            }
        )
        return
    rows: list[tuple[str, ...]] = []
    for each in found:
        rows.append((each.convention, "", "", f"{each.difference:+,}" if each.difference else "", f"{each.macs:,}"))
        rows.extend(("", part.operator, f"{part.count:,}", f"{part.macs:+,}", "") for part in each.parts)
    title = f"{graph.name}  input {', '.join(shape_text(node.shape) for node in graph.inputs)}"
    print_table(title, ("convention", "charges otherwise", "count", "difference", "MACs"), rows, left=2)
    if not calls:
        console().print("Every layer is taken for a module; ptflops, thop and torchinfo count functions otherwise.")
    if note := on_other_devices(found):
        console().print(note)
    if uncounted:
        labels = ", ".join(sorted({label for _, label in uncounted}))
        console().print(with_lead("partial:", f" {len(uncounted)} operators not counted ({labels})", "bold yellow"))
