"""1×1 convolutions with a stride, without oneDNN's kernel for the gradient of their weights.

With fewer input channels than a vector has lanes, in float32 and channels_last, that kernel writes beyond its memory:
the process crashes or trains on what it should not (https://github.com/uxlfoundation/oneDNN/issues/6035; here with
PyTorch 2.13.0, oneDNN 3.12.0). Such a convolution reads one pixel of each stride, so it is taken of those alone.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

LANES = 16  # float32 of an AVX-512 register; with as many channels in a group the kernel is sound


class StridedPointwise(nn.Conv2d):
    """As `nn.Conv2d` of kernel 1 without padding: the pixels that its stride meets, then a stride of 1."""

    def forward(self, input: Tensor) -> Tensor:
        down, right = self.stride
        return functional.conv2d(input[:, :, ::down, ::right], self.weight, self.bias, groups=self.groups)


def avoid_strided(network: nn.Module) -> None:
    """Make the convolutions that oneDNN fails on others that compute the same, with the same parameters.

    >>> network = nn.Sequential(nn.Conv2d(8, 4, 1, stride=2), nn.Conv2d(16, 4, 1, stride=2), nn.Conv2d(8, 4, 1))
    >>> avoid_strided(network)
    >>> [type(layer).__name__ for layer in network]
    ['StridedPointwise', 'Conv2d', 'Conv2d']
    """
    for layer in network.modules():
        if type(layer) is nn.Conv2d and _is_unsafe(layer):
            layer.__class__ = StridedPointwise


def _is_unsafe(layer: nn.Conv2d) -> bool:
    return (
        layer.kernel_size == (1, 1)
        and layer.padding == (0, 0)
        and max(layer.stride) > 1
        and layer.in_channels // layer.groups < LANES
    )
