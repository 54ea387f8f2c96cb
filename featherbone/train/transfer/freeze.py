"""What stays as it is while the rest is trained."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.transfer.parts import stages_of


def frozen_nodes(graph: Graph, recipe: Recipe) -> frozenset[str]:
    """The nodes that `recipe.freeze` names.

    >>> from featherbone.networks import network
    >>> sorted(frozen_nodes(network("mlperf_tiny_resnet8"), Recipe(epochs=1, freeze=1)))
    ['stem.conv', 'stem.conv_norm']

    Raises `FeatherboneError` for more stages than there are, with their names.
    """
    if recipe.freeze == "none":
        return frozenset()
    stages = stages_of(graph)
    number = len(stages) if recipe.freeze == "backbone" else int(recipe.freeze)
    if number > len(stages):
        raise FeatherboneError(
            f"freeze is {number}, and {graph.name} has {len(stages)} stages before its classifier: {', '.join(stages)}",
            hint='freeze = "backbone" holds them all',
        )
    return frozenset(name for members in list(stages.values())[:number] for name in members)


def hold(network: nn.Module, nodes: frozenset[str], recipe: Recipe, epoch: int) -> None:
    """Freeze the nodes in `network`, which is in training mode, or set them free, as the recipe has it for `epoch`.

    A frozen parameter has no gradient, so that no optimizer moves or decays it; a frozen norm uses its running
    statistics and leaves them alone, and with `hold_statistics` every norm does, frozen or not.
    """
    frozen = not recipe.freeze_epochs or epoch <= recipe.freeze_epochs
    for name in nodes:
        part = network.get_submodule(name)
        for parameter in part.parameters():
            parameter.requires_grad_(not frozen)
        part.train(not frozen)
    if recipe.hold_statistics:
        for part in network.modules():
            if isinstance(part, _BatchNorm):
                part.eval()
