from featherbone.graph import image
from featherbone.networks import network
from featherbone.rewrite.at_once import MEMORY, at_once


def test_maps_of_so_many_images_fit_and_of_one_more_do_not() -> None:
    graph = network("mobilenet_v2", resolution=224)
    bytes_each = sum(
        4 * int(node.shape[0]) * (int(node.shape[1]) ** 2 if len(node.shape) > 1 else 1) for node in graph.nodes
    )
    found = at_once(graph, 64)
    assert found * bytes_each <= MEMORY < (found + 1) * bytes_each
    assert at_once(graph, 2) == 2


def test_one_image_is_computed_however_large_its_maps_are() -> None:
    assert at_once(image(3, 8192).conv(8, 3).graph("large"), 64) == 1
