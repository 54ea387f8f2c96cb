"""One layer of a trained network in another form: two or three cheaper layers in its place.

Law: at full rank the result computes what the network computes; below, no weights of that form come nearer to what the
layer writes, or none that small changes lead to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import Operator, Reorder
from featherbone.nn import check_weights
from featherbone.quantity import format_count
from featherbone.rewrite.factorizing.catalogue import form_named
from featherbone.rewrite.factorizing.costs import form_cost, layer_cost, paying_ranks
from featherbone.rewrite.factorizing.form import Fitted, Form, Layer
from featherbone.rewrite.factorizing.layer import layer_of, mean_of, reason_against
from featherbone.rewrite.mending.moments import Moments
from featherbone.rewrite.trained_graph import TrainedGraph

Weights = Mapping[str, torch.Tensor]


def factorize(
    graph: Graph, weights: Weights, layer: str, form: str, rank: int, moments: Moments | None = None
) -> TrainedGraph:
    """A trained network with one of its layers in a form of ``featherbone.rewrite.factorizing.FORMS``.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(8, 8).conv(16, 3, name="a").norm().act("relu").graph("tiny")
    >>> smaller = factorize(graph, weights_of(module(graph, seed=0)), "a", "asymmetric", 4)
    >>> [node.name for node in smaller.graph.nodes], smaller.weights["a_factor1.weight"].shape
    (['image', 'a_factor1', 'a', 'a_norm', 'a_act'], torch.Size([4, 8, 3, 1]))

    The last layer of the chain has the name of the layer, and its bias; what reads the layer reads the chain's end.
    With the ``moments`` of what the layer reads (``moments_of``) the weights are those that lose least of what it
    writes for such images; without, those nearest to its weights. A layer with a bias takes the mean of what is lost
    into it, so fold norms before (``fold``).

    Raises:
        FeatherboneError: weights that do not fit the graph; no such layer or form; a form that does not apply to the
            layer; a rank that it does not have there, or at which it does not cost less.
    """
    check_weights(graph, weights)
    chosen = form_named(form)
    require_rank(graph, layer, chosen, rank)
    seen = layer_of(graph, weights, layer, moments)
    return replaced(graph, weights, layer, seen, chosen.fit(seen, rank), moments)


def require_rank(graph: Graph, layer: str, form: Form, rank: int) -> None:
    """Raise unless the form applies to the layer, has this rank there, and costs less at it."""
    if reason := reason_against(graph, layer, form):
        raise FeatherboneError(
            f"{layer} can't be written as {form.name}: {reason}",
            hint="`featherbone factorize MODEL --into FORM` lists the layers that can",
        )
    node, (read,) = graph[layer], graph.input_shapes(graph[layer])
    ranks = form.ranks(node.operator, read)  # type: ignore[arg-type]
    if type(rank) is not int or rank not in ranks:
        allowed = f"1 to {ranks[-1]}" if len(ranks) == ranks[-1] else ", ".join(map(str, ranks))
        raise FeatherboneError(f"rank is {rank}; {form.name} of {layer} has {allowed}", hint=f"it counts {form.rank}")
    costs, whole = form_cost(graph, layer, form, rank), layer_cost(graph, layer)
    if costs.macs >= whole.macs:
        paying = paying_ranks(graph, layer, form)
        raise FeatherboneError(
            f"{layer} as {form.name} of rank {rank} would cost {format_count(costs.macs)} multiply-adds, and "
            f"{format_count(whole.macs)} as it is",
            hint=f"the largest rank that saves any is {paying[-1]}" if paying else "no rank of this form saves any",
        )


def replaced(
    graph: Graph, weights: Weights, layer: str, seen: Layer, fitted: Fitted, moments: Moments | None
) -> TrainedGraph:
    """The network with a chain in place of a layer, whatever it costs."""
    node, names = graph[layer], _names(graph, layer, fitted)
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    for other in graph.nodes:
        if other.name == layer:
            reads = node.inputs
            for name, link in zip(names, fitted.links, strict=True):
                entries.append((name, link.operator, reads))
                reads = (name,)
        else:
            read = tuple(names[-1] if name == layer else name for name in other.inputs)
            entries.append((other.name, other.operator, read))
    outputs = tuple(names[-1] if name == layer else name for name in graph.outputs)
    shares = {other.name: other.shares for other in graph.nodes if other.shares}
    held = {key: tensor.detach().clone() for key, tensor in weights.items()}
    for name, link in zip(names, fitted.links, strict=True):
        if link.weight is not None:
            held[f"{name}.weight"] = link.weight.float().contiguous()
    if seen.operator.bias:
        held[f"{layer}.bias"] = _bias(held[f"{layer}.bias"], seen, fitted, moments)
    return TrainedGraph(Graph.build(graph.name, entries, outputs, shares=shares, unused=graph.unused), held)


def _bias(bias: torch.Tensor, seen: Layer, fitted: Fitted, moments: Moments | None) -> torch.Tensor:
    """The bias with the mean of what is lost, in the order in which the chain's layer writes channels."""
    whole = bias.double()
    if moments is not None:
        whole = whole + (seen.matrix - fitted.matrix) @ mean_of(moments)
    last = fitted.links[-1].operator
    return (whole[_undone(last.order)] if isinstance(last, Reorder) else whole).float()


def _undone(order: Sequence[int]) -> list[int]:
    """The order that takes back an order."""
    return sorted(range(len(order)), key=order.__getitem__)


def written_channels(original: Graph, changed: Graph) -> dict[str, tuple[int, ...]]:
    """For each layer that now writes its channels in another order: which of the original's each one is.

    It is what ``mend`` is to know of layers in groups.
    """
    found = {}
    for node in changed.nodes:
        if isinstance(node.operator, Reorder) and node.name not in original and node.inputs[0] in original:
            layer = node.inputs[0]
            if node.name.startswith(f"{layer}_back"):
                found[layer] = tuple(_undone(node.operator.order))
    return found


def _names(graph: Graph, layer: str, fitted: Fitted) -> list[str]:
    """A name for each link that no other node has."""
    names = []
    for link in fitted.links:
        name = f"{layer}_{link.suffix}" if link.suffix else layer
        while name != layer and name in graph:
            name += "_again"
        names.append(name)
    return names
