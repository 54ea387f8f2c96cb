"""A program for converters computes what the network computes, from prepared tensors or from pixels."""

import pytest
import torch

from featherbone.data.batches import normalise
from featherbone.ship.torch_program import exported_program


@pytest.mark.parametrize("channels_last", [False, True])
def test_from_pixels_it_gives_the_probabilities_of_the_network(trained, images, channels_last):
    seen = trained.preprocessing
    logits = trained.module()(normalise(images[:1], seen.mean, seen.std).contiguous())
    pixels = torch.from_numpy(images[:1])
    program = exported_program(trained, from_pixels=True, channels_last=channels_last).module()
    found = program(pixels if channels_last else pixels.permute(0, 3, 1, 2).float())
    torch.testing.assert_close(found, torch.softmax(logits, 1), rtol=1e-5, atol=1e-6)


def test_it_has_no_norms_left(trained):
    program = exported_program(trained)
    kinds = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert any("conv2d" in kind for kind in kinds)
    assert not any("norm" in kind for kind in kinds)
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(program.module()(image), trained.module()(image), rtol=1e-4, atol=1e-5)
