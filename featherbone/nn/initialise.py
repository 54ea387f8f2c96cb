"""Weights to begin training from, as the papers draw them, and the same ones for the same seed.

- convolution: He's normal for rectifiers with the fan of the backward pass, sqrt(2 / (K·K·N/G)) (arXiv:1502.01852,
  equation 14). The fan counts what is really connected, so a depthwise kernel is drawn with sqrt(2 / K·K).
- linear: normal with deviation 0.01 (AlexNet, section 5; VGG, section 3.1). So is a convolution that writes the scores
  of the classes, as the last one of SqueezeNet in its authors' definition: with He's it would begin far from guessing.
- norm: weight 1, bias 0 (arXiv:1502.03167), and statistics of a standard normal.
- every bias: 0.

The last norm of a residual branch begins at 1 like the others, as in the papers of ResNet and MobileNetV2; zero is a
later refinement (arXiv:1706.02677, section 5.1) that belongs to a recipe.
"""

from __future__ import annotations

import math

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Node
from featherbone.graph.operators import Conv, ConvTranspose, Linear
from featherbone.nn.classifier import last_layer, writes_classes

CLASSIFIER_DEVIATION = 0.01


def initial_weights(graph: Graph, *, seed: int | None = None) -> dict[str, torch.Tensor]:
    """Every parameter and buffer of ``graph``, freshly drawn.

    >>> from featherbone.graph import image
    >>> weights = initial_weights(image(3, 8).conv(4, 3).norm().graph("tiny"), seed=0)
    >>> list(weights)
    ['conv.weight', 'conv_norm.weight', 'conv_norm.bias', 'conv_norm.running_mean', 'conv_norm.running_var']

    Draws come from a generator of their own, in the order of the nodes: torch's global one is neither read nor moved,
    except that without a seed one is drawn from it, so that ``torch.manual_seed`` governs.
    """
    if seed is None:
        seed = int(torch.randint(2**62, ()))
    if not 0 <= seed < 2**63:
        raise FeatherboneError(f"the seed is {seed}; it must be from 0 to 2^63 - 1")
    generator = torch.Generator().manual_seed(seed)
    weights: dict[str, torch.Tensor] = {}
    last = last_layer(graph)
    classifier = last if writes_classes(graph, last) else None
    for node in graph.nodes:
        if node.shares:
            continue
        inputs = graph.input_shapes(node)
        tensors = {**node.operator.parameters(*inputs), **node.operator.buffers(*inputs)}
        for name, shape in tensors.items():
            weights[f"{node.name}.{name}"] = _draw(node, name, shape, generator, classifies=node is classifier)
    return weights


def _draw(
    node: Node, name: str, shape: tuple[int, ...], generator: torch.Generator, *, classifies: bool
) -> torch.Tensor:
    if name in ("bias", "running_mean"):
        return torch.zeros(shape, dtype=torch.float32)
    operator = node.operator
    if classifies or isinstance(operator, Linear):
        return torch.randn(shape, generator=generator, dtype=torch.float32) * CLASSIFIER_DEVIATION
    if isinstance(operator, Conv):
        fan_out = math.prod(shape[2:]) * operator.out_channels // operator.groups
        return torch.randn(shape, generator=generator, dtype=torch.float32) * math.sqrt(2 / fan_out)
    if isinstance(operator, ConvTranspose):
        fan_out = math.prod(shape[1:])
        return torch.randn(shape, generator=generator, dtype=torch.float32) * math.sqrt(2 / fan_out)
    return torch.ones(shape, dtype=torch.float32)
