"""Whether a pretrained network can be cut to a budget at all: asked before anything is trained or written."""

from __future__ import annotations

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.resize import resize_graph
from featherbone.job.pretrained.models import Pretrained, require_takes
from featherbone.job.pruning.quantities import measure_of
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.cutting.mixed_plan import require_reachable
from featherbone.rewrite.fold import fold
from featherbone.search.costs.budget import Budget

SHARES = (1.0, 7 / 8, 3 / 4, 5 / 8, 1 / 2, 3 / 8)  # of the resolution of the images


def sides_of(graph: Graph) -> list[int]:
    """The resolutions at which a network may be cut, the largest first: its own, and smaller ones that it takes.

    >>> from featherbone.networks import network
    >>> sides_of(network("mobilenet_v2:resolution=128"))
    [128, 112, 96, 80, 64, 48]
    """
    whole = int(graph.input_shape[-1])
    sides = dict.fromkeys([whole, *(round(share * whole / 8) * 8 for share in SHARES)])
    return [side for side in sides if 0 < side <= whole and _takes(graph, side)]


def _takes(graph: Graph, side: int) -> bool:
    try:
        resize_graph(graph, side)
    except FeatherboneError:
        return False
    return True


def require_cuttable(pretrained: Pretrained, dataset: Dataset, budget: Budget) -> None:
    """Raise where a network can't be trained on the images, or where all that can be cut leaves more than the budget.

    Raises:
        FeatherboneError: as above, with what is exceeded and by how much.
    """
    model = require_takes(pretrained, dataset)
    counted = budget.counted()
    if counted is None:
        return
    graph = fold(model.graph, model.weights).graph
    try:
        require_reachable(graph, counted.limits(), measure_of(counted), Means(), sides_of(graph))
    except FeatherboneError as error:
        raise FeatherboneError(
            f"no cut of {pretrained.source} keeps the budget: {error.sentence}",
            hint="allow more, name a smaller network, or leave it out",
        ) from None
