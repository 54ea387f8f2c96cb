"""What C can hold, asked before any work."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph import operators as op
from featherbone.graph.operators import shape_text
from featherbone.quantize import QuantizedNetwork

IN_FLOAT_ALONE = (op.LocalResponseNorm,)
MOST_SIDES = 3
MOST_CHANNELS = 2**16  # as orders of channels and places along a side are held in 16 bits


def refusals_of(graph: Graph, network: QuantizedNetwork | None, *, in_integers: bool) -> tuple[str, ...]:
    """Why C can't hold a network, a sentence each.

    >>> from featherbone.graph import image
    >>> refusals_of(image(1, 4).local_response_norm(name="lrn").graph("tiny"), None, in_integers=True)
    ('C does not hold lrn (local response norm) of tiny in int8',)

    ``network`` is the quantized one, where there is one; a float one that is asked for ``in_integers`` is to be
    quantized.
    """
    if graph.is_symbolic:
        return (f"{graph.name} has symbolic sizes; C needs numbers",)
    found = []
    given = [node.name for node in graph.nodes if not node.inputs]
    if len(given) != 1 or len(graph.outputs) != 1:
        found.append(
            f"{graph.name} has {len(given)} inputs and {len(graph.outputs)} outputs; C holds networks with one of each"
        )
    lacks = (op.Opaque, *(IN_FLOAT_ALONE if in_integers else ()))
    for node in graph.nodes:
        if isinstance(node.operator, lacks):
            described = node.operator.describe(*graph.input_shapes(node))
            where = " in int8" if in_integers else ""
            found.append(f"C does not hold {node.name} ({described}) of {graph.name}{where}")
        if len(node.shape) - 1 > MOST_SIDES or int(node.shape[0]) >= MOST_CHANNELS:
            found.append(
                f"{node.name} of {graph.name} writes {shape_text(node.shape)}; C holds up to {MOST_SIDES} sides "
                f"and less than {MOST_CHANNELS:,} channels"
            )
    return (*found, *(_refused_integers(network) if network is not None and not found else ()))


def _refused_integers(network: QuantizedNetwork) -> tuple[str, ...]:
    """Every node computes in integers, and every map has 8 bits; else a sentence with their names."""
    name = network.graph.name
    image = network.graph.nodes[0].name
    left = [*([] if image in network.grids else [image]), *network.left_in_float()]
    if left:
        return (f"{', '.join(left)} of {name} in float: C holds networks of int8 alone, or of float32 alone",)
    wide = [each for each, grid in network.grids.items() if grid.bits != 8]
    return (f"{', '.join(wide)} of {name} with maps of 16 bits: C holds maps of 8",) if wide else ()


def require_held(graph: Graph, network: QuantizedNetwork | None = None) -> None:
    """Raise unless C computes a network; ``network`` is given where it is quantized.

    Raises:
        FeatherboneError: what ``refusals_of`` says first.
    """
    found = refusals_of(graph, network, in_integers=network is not None)
    if found:
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        raise FeatherboneError(f"{found[0]}{more}")
