"""ImageNet Classification with Deep Convolutional Neural Networks (Krizhevsky et al. 2012), section 3.5.

The single column is that of "One weird trick for parallelizing convolutional neural networks" (arXiv:1404.5997).
"""

from __future__ import annotations

from featherbone.blocks import unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, hidden_classifier, network_input

LAYOUTS = {  # channels, kernel, groups
    "two_groups": ((96, 11, 1), (256, 5, 2), (384, 3, 1), (384, 3, 2), (256, 3, 2)),
    "single_column": ((64, 11, 1), (192, 5, 1), (384, 3, 1), (256, 3, 1), (256, 3, 1)),
}
NORMALISED = (1, 2)  # the two-group network has local response norms after these layers
POOLED = (1, 2, 5)


def alexnet(
    *,
    layout: str = "two_groups",
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """Five convolutions and three linear layers; ``layout`` is ``"two_groups"`` (2012) or ``"single_column"`` (2014).

    >>> alexnet(layout="single_column").input_shape
    (3, 224, 224)

    The paper says 224×224; its 55×55 maps need 227 without padding, the usual resolution of ``two_groups``. The
    small-image form starts with a 5×5 convolution without stride, and one linear layer on the pooled map replaces the
    three; its usual resolution is 32.
    """
    if layout not in LAYOUTS:
        raise FeatherboneError(f"layout is {layout!r}; it must be one of {', '.join(LAYOUTS)}")
    two_groups = layout == "two_groups"
    x = network_input(image_channels, resolution, usual=227 if two_groups else 224, smallest=67, small=small)
    for layer, (channels, kernel, groups) in enumerate(LAYOUTS[layout], start=1):
        with scope(f"stage{layer}"):
            if layer == 1 and not small:
                x = unit(x, channels, kernel, stride=4, padding=0 if two_groups else 2, norm=False)
            else:
                x = unit(x, channels, min(kernel, 5), groups=groups, norm=False)
            if two_groups and layer in NORMALISED:
                x = x.local_response_norm()
            if layer in POOLED:
                x = x.max_pool(3, stride=2, padding=1 if small else 0, name="pool")
    end = classifier(x, classes) if small else hidden_classifier(x, classes, hidden=4096)
    return end.graph("alexnet" if two_groups else "alexnet_single_column")
