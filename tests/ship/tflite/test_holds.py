"""What a TensorFlow Lite file of ours can't hold is refused by name."""

import pytest

from featherbone.graph import Wire, image
from featherbone.graph.operators import Input
from featherbone.ship.tflite.holds import unheld


def volume(*shape: int) -> Wire:
    return Wire(Input(shape=shape), (), shape, "", "image", "")


x = image(3, 8)
REFUSED = {
    "fft: opaque fft is outside the vocabulary": x.opaque("fft", (3, 8, 8), name="fft").graph("odd"),
    "image writes 3×4×4×4, and a map has two sides there": volume(3, 4, 4, 4).conv(2, 1).graph("deep"),
    "image writes 3×9, and a map has two sides there": volume(3, 9).conv(2, 1).graph("line"),
    "it has 2 outputs, and a file of ours has one": x.conv(4, 3).graph("both", x.pointwise(2)),
    "it has 2.72 GiB of weights, and a file holds at most 2 GiB": image(27_000, 1)
    .flatten()
    .linear(27_000, bias=False)
    .graph("huge"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_network(sentence):
    assert sentence in list(unheld(REFUSED[sentence]))


def test_one_that_it_holds_is_not_refused():
    assert list(unheld(x.conv(4, 3).local_response_norm().flatten().linear(2).graph("fine"))) == []
