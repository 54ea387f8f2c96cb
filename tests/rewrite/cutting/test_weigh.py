import torch

from featherbone.graph.branches import drop_branches
from featherbone.networks import network
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import fold
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.cutting.weigh import weigh


def test_what_is_known_of_widths_is_known_where_blocks_are_gone() -> None:
    graph = network("cifar_resnet20", classes=10)
    whole = fold(graph, initial_weights(graph, seed=0))
    images = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = weigh(whole, images, Means(blocks=False))
    assert found.blocks == {}
    dropped = [f"stage{stage}.block2" for stage in (1, 2, 3)]
    sets, widths = found.of(drop_branches(whole.graph, dropped))
    before = {found.sets.spaces[place].name: each for place, each in found.widths.items()}
    after = {sets.spaces[place].name: each for place, each in widths.items()}
    assert set(before) - set(after) == {f"{name}.conv1" for name in dropped}
    assert all(after[name] is before[name] for name in after)
