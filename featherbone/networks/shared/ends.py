"""The two ends that the networks share: the image that comes in, and the classifier on the pooled map."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire, image, scope
from featherbone.graph.dimension import is_symbolic

SMALL_RESOLUTION = 32  # CIFAR's
SMALL_SIDE = 64  # images up to this side get the small-image form where nobody chooses: its strides leave 8×8 of them


def network_input(
    channels: int, resolution: Dim | None, *, usual: int, smallest: int, small: bool = False, smallest_small: int = 8
) -> Wire:
    """The image; without a ``resolution`` it has the paper's ``usual`` one, or 32 in the small-image form.

    >>> network_input(3, None, usual=224, smallest=32).shape
    (3, 224, 224)

    Raises:
        FeatherboneError: a resolution that the strides would bring below 1×1.
    """
    if resolution is None:
        resolution = SMALL_RESOLUTION if small else usual
    if type(channels) is int and channels < 1:
        raise FeatherboneError(f"image_channels is {channels}; it must be at least 1", hint="1 is grey, 3 is colour")
    least = smallest_small if small else smallest
    if not is_symbolic(resolution) and (type(resolution) is not int or resolution < least):
        raise FeatherboneError(
            f"resolution is {resolution!r}; this network needs a whole number of at least {least}",
            hint="use a larger resolution" if small else "use a larger resolution, or small=true for small images",
        )
    return image(channels, resolution)


def classifier(
    x: Wire, classes: int, *, hidden: Dim | None = None, act: str = "relu", dropout: float = 0.0, bias: bool = True
) -> Wire:
    """Global average pooling and one linear layer, in the scope ``head``; with ``hidden`` channels, one before it.

    >>> classifier(image(512, 7), 10).shape
    (10,)
    """
    require_classes(classes)
    with scope("head"):
        y = x.global_pool().flatten()
        if hidden is not None:
            y = y.linear(hidden, name="hidden").act(act)
        if dropout:
            y = y.dropout(dropout)
        return y.linear(classes, bias=bias, name="classifier")


def hidden_classifier(x: Wire, classes: int, *, hidden: int, dropout: float = 0.5) -> Wire:
    """Two hidden linear layers on the whole map, then the classifier, as AlexNet and VGG end.

    >>> hidden_classifier(image(256, 6), 10, hidden=64).shape
    (10,)
    """
    require_classes(classes)
    with scope("head"):
        y = x.flatten()
        for layer in (1, 2):
            y = y.linear(hidden, name=f"hidden{layer}").act("relu").dropout(dropout, name=f"dropout{layer}")
        return y.linear(classes, name="classifier")


def require_classes(classes: int) -> None:
    if type(classes) is int and classes < 1:
        raise FeatherboneError(f"classes is {classes}; it must be at least 1")
