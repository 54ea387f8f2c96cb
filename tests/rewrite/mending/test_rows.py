import pytest
import torch

from featherbone.graph import Graph, Wire, image
from featherbone.nn import module, weights_of
from featherbone.rewrite.mending.layer_matrix import matrix_of
from featherbone.rewrite.mending.rows import places_of, read_rows, written_rows


def layer(wire: Wire) -> Graph:
    return wire.graph("layer")


@pytest.mark.parametrize(
    "graph",
    [
        layer(image(6, 9).conv(8, 3, stride=2, bias=True)),
        layer(image(6, 9).conv(8, (1, 3), padding=(0, 2), dilation=2)),
        layer(image(6, 9).conv(9, 3, groups=3, bias=True)),
        layer(image(6, 9).depthwise(5, stride=2)),
        layer(image(6, 9).norm()),
        layer(image(6, 3).flatten().linear(4)),
    ],
    ids=lambda graph: graph.nodes[-1].operator.describe(*graph.input_shapes(graph.nodes[-1])),
)
def test_a_layer_is_its_matrix_times_its_rows(graph: Graph) -> None:
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: torch.rand(tensor.shape, generator=generator) for name, tensor in weights_of(module(graph)).items()
    }
    net = module(graph).eval()
    net.load_state_dict(weights, strict=False)
    node, source = graph.nodes[-1], graph.nodes[-1].inputs[0]
    maps = torch.randn(5, *graph[source].shape, generator=generator)
    with torch.inference_mode():
        written = net(maps.reshape(5, *graph.inputs[0].shape))
    matrix = matrix_of(graph, node, weights)
    for images in (5, 10**5):  # all places, and some
        places = places_of(node.shape, matrix.shape[2], images)
        rows = read_rows(maps, node.operator, places)
        targets = written_rows(written, len(matrix), places)
        torch.testing.assert_close(rows.double() @ matrix.mT, targets.double(), rtol=1e-5, atol=1e-5)
