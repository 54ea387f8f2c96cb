"""``featherbone cost --explain``: what each tool prints for the same model, and which operators make the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.cli.output import console, print_json, print_table

if TYPE_CHECKING:
    from featherbone.cost import Calls
    from featherbone.graph import Graph


def print_explanation(graph: Graph, calls: Calls, *, json: bool) -> None:
    """The presets side by side, a line for each kind of operator that sets one apart from the papers' convention."""
    from featherbone.cost import explain
    from featherbone.graph.operators import shape_text

    found = explain(graph, calls=calls)
    if json:
        print_json({"network": graph.name, "conventions": [each.to_json() for each in found]})
        return
    rows: list[tuple[str, ...]] = []
    for each in found:
        rows.append((each.convention, "", "", f"{each.difference:+,}" if each.difference else "", f"{each.macs:,}"))
        rows.extend(("", part.operator, f"{part.count:,}", f"{part.macs:+,}", "") for part in each.parts)
    title = f"{graph.name}  input {', '.join(shape_text(node.shape) for node in graph.inputs)}"
    print_table(title, ("convention", "charges otherwise", "count", "difference", "MACs"), rows, left=2)
    if not calls:
        console().print(
            "As for layers written as modules: ptflops, thop and torchinfo count layers called as functions otherwise."
        )
