"""Mending: the layers of a changed network are fitted, in their order, to what the network wrote before the change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import torch

from featherbone.errors import FeatherboneError
from featherbone.files import MIB
from featherbone.graph import Graph, Node
from featherbone.progress import Progress, Reading, silent
from featherbone.rewrite.at_once import at_once
from featherbone.rewrite.mending.frontier import BATCH, Frontier
from featherbone.rewrite.mending.layer_matrix import has_bias, matrix_of, sides_of_matrix, weights_of_matrix
from featherbone.rewrite.mending.layer_moments import layer_moments
from featherbone.rewrite.mending.least_squares import fitted
from featherbone.rewrite.mending.moments import WIDEST, Moments
from featherbone.rewrite.mending.rows import is_layer
from featherbone.rewrite.trained_graph import TrainedGraph

MEMORY = 320 * MIB  # bytes of maps that are kept of each of the two networks
FEWEST = 2  # images

Settle = Callable[[Node, torch.Tensor, Moments], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class MendedLayer:
    """A layer that was fitted: its error before and after, as shares of the variance of what it is to write."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class Mended:
    """A network after mending; ``layers`` in their order, and ``left`` with the reason why each was not fitted."""

    network: TrainedGraph
    layers: tuple[MendedLayer, ...]
    left: tuple[tuple[str, str], ...]


def mend(
    original: TrainedGraph,
    changed: TrainedGraph,
    images: torch.Tensor,
    *,
    kept: Mapping[str, Sequence[int]] | None = None,
    resized: torch.Tensor | None = None,
    layers: Collection[str] | None = None,
    progress: Progress = silent,
    settle: Settle | None = None,
) -> Mended:
    """Fit each layer of ``changed``, as it reads what those before it now write, to what ``original`` writes there.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(8, 3, name="first", bias=True).pointwise(2, name="last").graph("tiny")
    >>> weights = weights_of(module(graph, seed=0))
    >>> broken = {**weights, "last.weight": torch.zeros(2, 8, 1, 1)}
    >>> images = torch.randn(20, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> mended = mend(TrainedGraph(graph, weights), TrainedGraph(graph, broken), images)
    >>> bool((mended.network.weights["last.weight"] - weights["last.weight"]).abs().max() < 1e-3)
    True

    ``images`` are as the network takes them (images × channels × height × width), and need no labels. ``kept`` says
    for a node of ``changed`` which channels of the node of that name in ``original`` it writes; all where it says
    nothing. A layer whose name the original does not have stays as it is. Where ``changed`` takes another resolution,
    ``resized`` are the same images at that one, and only layers without sides are fitted. With ``layers``, only these
    are. Norms that stand behind convolutions are
    better folded into them before (``fold``), since a layer that ends a residual branch is fitted to make up for the
    error of the shortcut too. At most about ``MEMORY`` bytes of maps are kept of each
    network, and as many again for a moment where it goes on to the next ones.

    ``settle`` says for each layer, of the matrix that was fitted and the moments of what the layer reads and is to
    write, which matrix it is given instead, such as one of fewer bits; the layers behind it then make up for that.

    Raises:
        FeatherboneError: fewer than two images; images of another shape; a network of several inputs.

    Source: channel selection by reconstruction, arXiv:1707.06168 section 3; its asymmetric form, arXiv:1505.06798.
    """
    _require_images(original.graph, images)
    _require_images(changed.graph, images if resized is None else resized)
    batch = min(at_once(each.graph, BATCH) for each in (original, changed))
    before = Frontier(original, images, memory=MEMORY, batch=batch)
    after = Frontier(changed, images if resized is None else resized, memory=MEMORY, batch=batch)
    todo, left = _layers(original.graph, changed.graph)
    todo = [node for node in todo if layers is None or node.name in layers]
    told = []
    for place, node in enumerate(todo):
        progress(Reading(what="mending layers", done=place, total=len(todo), unit="layers"))
        ahead = [later.name for later in todo[place:]]
        told.append(_mend_layer(before, after, node, ahead, kept or {}, settle))
    progress(Reading(what="mending layers", done=len(todo), total=len(todo), unit="layers"))
    return Mended(network=TrainedGraph(changed.graph, after.weights), layers=tuple(told), left=tuple(left))


def fitted_layers(graph: Graph) -> list[str]:
    """The layers that ``mend`` fits, in their order.

    >>> from featherbone.graph import image
    >>> fitted_layers(image(3, 8).conv(4, 3, name="a").act("relu").pointwise(2, name="b").graph("tiny"))
    ['a', 'b']
    """
    return [node.name for node in _layers(graph, graph)[0]]


def _mend_layer(
    before: Frontier,
    after: Frontier,
    node: Node,
    ahead: Sequence[str],
    kept: Mapping[str, Sequence[int]],
    settle: Settle | None,
) -> MendedLayer:
    """Fit one layer, and write its weights into ``after``."""
    seen, held_out = layer_moments(before, after, node, ahead, kept)
    start = matrix_of(after.graph, node, after.weights)
    found = fitted(start, seen, held_out, bias=has_bias(node))
    everything = seen + held_out
    if settle is not None:
        found = settle(node, found, everything)
    after.weights.update(weights_of_matrix(node, found, after.weights, everything))
    power = float(everything.power().sum()) or 1.0
    return MendedLayer(
        name=node.name,
        before=float(everything.error(start).sum()) / power,
        after=float(everything.error(found).sum()) / power,
    )


def _layers(original: Graph, changed: Graph) -> tuple[list[Node], list[tuple[str, str]]]:
    """The layers of the changed network that can be fitted, in their order; the others with the reason."""
    sharing = {node.shares for node in changed.nodes if node.shares}
    todo, left = [], []
    for node in changed.nodes:
        shapes = changed.input_shapes(node)
        if not node.operator.parameters(*shapes):
            continue
        if not is_layer(node.operator):
            left.append((node.name, f"{node.operator.describe(*shapes)} is not fitted"))
        elif node.name not in original:
            left.append((node.name, "the original has no layer of this name"))
        elif node.shares or node.name in sharing:
            left.append((node.name, "its weights are used at several places"))
        elif len(shapes[0]) > 1 and changed[node.name].shape[1:] != original[node.name].shape[1:]:
            left.append((node.name, "its map has another size than the original's"))
        elif (columns := sides_of_matrix(changed, node)[1]) > WIDEST:
            left.append((node.name, f"it has {columns:,} columns; at most {WIDEST:,} are fitted"))
        else:
            todo.append(node)
    return todo, left


def _require_images(graph: Graph, images: torch.Tensor) -> None:
    if tuple(images.shape[1:]) != graph.input_shape:
        given, wanted = (list(shape) for shape in (images.shape[1:], graph.input_shape))
        raise FeatherboneError(f"the images have shape {given}; {graph.name} takes {wanted}")
    if len(images) < FEWEST:
        raise FeatherboneError(
            f"{len(images)} images are too few to mend by; at least {FEWEST} are needed", hint="a few hundred are good"
        )
