"""What a TensorFlow Lite file of ours can't hold is refused by name."""

import pytest
from quantizing import quantized

from featherbone.errors import FeatherboneError
from featherbone.graph import Wire, image, symbols
from featherbone.graph.operators import Input
from featherbone.ship.tflite.holds import require_lite, require_lite_grids


def volume(*shape: int) -> Wire:
    return Wire(Input(shape=shape), (), shape, "", "image", "")


x = image(3, 8)
REFUSED = {
    "image has the symbolic size I": image(3, symbols("I")[0]).conv(4, 3).graph("open"),
    "fft: opaque fft is outside the vocabulary": x.opaque("fft", (3, 8, 8), name="fft").graph("odd"),
    "image writes 3×4×4×4; in TensorFlow Lite a map has two sides here": volume(3, 4, 4, 4).conv(2, 1).graph("deep"),
    "image writes 3×9; in": volume(3, 9).conv(2, 1).graph("line"),
    "both has 2 outputs": x.conv(4, 3).graph("both", x.pointwise(2)),
    "huge has 2.7. GiB of weights": image(27_000, 1).flatten().linear(27_000, bias=False).graph("huge"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_network(sentence):
    with pytest.raises(FeatherboneError, match=sentence) as caught:
        require_lite(REFUSED[sentence])
    assert caught.value.hint


def test_maps_of_16_bits():
    network = quantized(x.conv(4, 3, name="stem").graph("wide"), maps=16)
    with pytest.raises(FeatherboneError, match=r"the map of image has 16 bits; .* --maps 8"):
        require_lite_grids(network)
