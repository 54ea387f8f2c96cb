"""Networks written as Python that reads like the paper: a ``Wire`` is a feature map that has not been computed.

Each method appends one operator and returns the wire it writes; nothing is shared or changed, so wires can be combined
freely. ``wire.graph(name)`` collects what the wire depends on.
"""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph.collect import collect
from featherbone.graph.convolve import WindowLike, convolution, size_of, transposed, window
from featherbone.graph.dimension import Dim, Shape, divide
from featherbone.graph.graph import Graph, infer
from featherbone.graph.operators import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    ChannelShuffle,
    Concat,
    Dropout,
    Flatten,
    GlobalPool,
    Input,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Multiply,
    Opaque,
    Operator,
    PadChannels,
    Reorder,
    Resize,
    Slice,
)
from featherbone.graph.padding import PaddingLike, SidesLike, sides_of
from featherbone.graph.scope import prefix


def image(channels: Dim, height: Dim, width: Dim | None = None, *, name: str = "image") -> Wire:
    """The input of a network.

    >>> image(3, 224).shape
    (3, 224, 224)
    """
    shape = tuple(size_of(name, value) for value in (channels, height, height if width is None else width))
    return _apply(Input(shape=shape), (), name)


def concat(*wires: Wire, name: str = "concat") -> Wire:
    """Maps stacked along the channels.

    >>> concat(image(3, 8), image(5, 8)).shape
    (8, 8, 8)
    """
    return _apply(Concat(), wires, name)


class Wire:
    """A feature map that has not been computed: its shape, and where it comes from.

    >>> x = image(3, 224)
    >>> y = x.conv(32, 3, stride=2).norm().act("relu6")
    >>> y.shape
    (32, 112, 112)

    Shapes leave the batch out. Every method raises FeatherboneError, with the node's name, where the operator does not
    fit. Names are given with ``name=`` or follow from the operator; ``norm`` and ``act`` take their producer's.
    """

    __slots__ = ("inputs", "label", "operator", "scope", "shape", "suffix")

    def __init__(
        self, operator: Operator, inputs: tuple[Wire, ...], shape: Shape, scope: str, label: str, suffix: str
    ) -> None:
        self.operator = operator
        self.inputs = inputs
        self.shape = shape
        self.scope = scope
        self.label = label  # the node's own name inside its scope; for norm and act its producer's
        self.suffix = suffix  # "_norm" or "_act" where the name follows the producer's, else ""

    @property
    def channels(self) -> Dim:
        return self.shape[0]

    @property
    def sides(self) -> tuple[Dim, ...]:
        """Height and width; empty after flatten."""
        return self.shape[1:]

    def conv(
        self,
        out: Dim,
        kernel: SidesLike,
        *,
        stride: SidesLike = 1,
        padding: PaddingLike = "same",
        dilation: SidesLike = 1,
        groups: Dim = 1,
        bias: bool = False,
        name: str = "conv",
    ) -> Wire:
        """A convolution with ``out`` kernels.

        ``padding`` is ``"same"`` (half the kernel at each edge), ``"valid"`` (none), ``"tf_same"`` (TensorFlow's: only
        what the stride needs, the odd pixel after), one number, one a side, or ((top, bottom), (left, right)).
        """
        window = WindowLike(kernel, stride, padding, dilation)
        operator = convolution(prefix() + name, self.shape, out, window, groups=groups, bias=bias)
        return _apply(operator, (self,), name)

    def depthwise(
        self,
        kernel: SidesLike,
        *,
        stride: SidesLike = 1,
        padding: PaddingLike = "same",
        dilation: SidesLike = 1,
        multiplier: int = 1,
        bias: bool = False,
        name: str = "depthwise",
    ) -> Wire:
        """One kernel for each channel (``multiplier`` of them)."""
        return self.conv(
            self.channels * multiplier,
            kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=self.channels,
            bias=bias,
            name=name,
        )

    def pointwise(
        self, out: Dim, *, stride: SidesLike = 1, groups: Dim = 1, bias: bool = False, name: str = "pointwise"
    ) -> Wire:
        """A 1×1 convolution."""
        return self.conv(out, 1, stride=stride, groups=groups, bias=bias, name=name)

    def conv_transpose(
        self,
        out: Dim,
        kernel: SidesLike,
        *,
        stride: SidesLike = 1,
        padding: SidesLike = 0,
        output_padding: SidesLike = 0,
        groups: Dim = 1,
        bias: bool = False,
        name: str = "conv_transpose",
    ) -> Wire:
        """A convolution turned around: it grows the map by its stride. ``padding`` is what it crops at each edge."""
        operator = transposed(
            prefix() + name,
            self.shape,
            out,
            WindowLike(kernel, stride),
            cropped=padding,
            output_padding=output_padding,
            groups=groups,
            bias=bias,
        )
        return _apply(operator, (self,), name)

    def norm(
        self, *, epsilon: float = 1e-5, momentum: float = 0.1, affine: bool = True, name: str | None = None
    ) -> Wire:
        """Batch norm."""
        return self._follow(BatchNorm(epsilon=epsilon, momentum=momentum, affine=affine), "norm", name)

    def act(self, function: str, *, name: str | None = None) -> Wire:
        """An activation by name: relu, relu6, hard_swish, sigmoid, …"""
        return self._follow(Activation(function=function), "act", name)

    def local_response_norm(
        self, *, size: int = 5, alpha: float = 5e-4, beta: float = 0.75, k: float = 2.0, name: str | None = None
    ) -> Wire:
        return self._follow(LocalResponseNorm(size=size, alpha=alpha, beta=beta, k=k), "norm", name)

    def max_pool(
        self,
        kernel: SidesLike,
        *,
        stride: SidesLike | None = None,
        padding: PaddingLike = 0,
        ceil: bool = False,
        name: str = "max_pool",
    ) -> Wire:
        """The largest value of each window; the stride is the kernel unless given."""
        sides, strides, edges = window(prefix() + name, self.shape, kernel, stride, padding)
        return _apply(MaxPool(kernel=sides, stride=strides, padding=edges, ceil=ceil), (self,), name)

    def avg_pool(
        self,
        kernel: SidesLike,
        *,
        stride: SidesLike | None = None,
        padding: PaddingLike = 0,
        ceil: bool = False,
        count_padding: bool = True,
        name: str = "avg_pool",
    ) -> Wire:
        """The mean of each window; the stride is the kernel unless given."""
        sides, strides, edges = window(prefix() + name, self.shape, kernel, stride, padding)
        operator = AvgPool(kernel=sides, stride=strides, padding=edges, ceil=ceil, count_padding=count_padding)
        return _apply(operator, (self,), name)

    def global_pool(self, reduce: str = "avg", *, name: str = "pool") -> Wire:
        """One value a channel; the sides become 1."""
        return _apply(GlobalPool(reduce=reduce), (self,), name)

    def resize(self, size: SidesLike, *, mode: str = "nearest", name: str = "resize") -> Wire:
        sides = sides_of(prefix() + name, "size", size, len(self.shape) - 1)
        return _apply(Resize(size=sides, mode=mode), (self,), name)

    def flatten(self, *, name: str = "flatten") -> Wire:
        return _apply(Flatten(), (self,), name)

    def linear(self, out: Dim, *, bias: bool = True, name: str = "linear") -> Wire:
        """A fully connected layer on a vector."""
        return _apply(Linear(out_features=size_of(prefix() + name, out), bias=bias), (self,), name)

    def dropout(self, probability: float, *, name: str = "dropout") -> Wire:
        return _apply(Dropout(probability=probability), (self,), name)

    def shuffle(self, groups: Dim, *, name: str = "shuffle") -> Wire:
        """ShuffleNet's channel shuffle."""
        return _apply(ChannelShuffle(groups=size_of(prefix() + name, groups)), (self,), name)

    def reorder(self, order: tuple[int, ...], *, name: str = "reorder") -> Wire:
        """Channel ``order[i]`` as channel i."""
        return _apply(Reorder(order=order), (self,), name)

    def slice(self, start: Dim, stop: Dim, *, name: str = "slice") -> Wire:
        """Channels ``start`` up to, not including, ``stop``."""
        return _apply(Slice(start=start, stop=stop), (self,), name)

    def split(self, parts: int, *, name: str = "split") -> tuple[Wire, ...]:
        """The channels in equal parts."""
        size = divide(self.channels, parts)
        if size is None:
            raise FeatherboneError(f"{prefix()}{name}: {self.channels} channels do not split in {parts} equal parts")
        return tuple(self.slice(part * size, (part + 1) * size, name=f"{name}{part + 1}") for part in range(parts))

    def pad_channels(self, before: Dim, after: Dim, *, name: str = "pad_channels") -> Wire:
        """Channels of zeros before and after."""
        return _apply(PadChannels(before=before, after=after), (self,), name)

    def opaque(
        self,
        label: str,
        shape: Shape,
        *others: Wire,
        weights: tuple[tuple[str, Shape], ...] = (),
        macs: Dim | None = None,
        name: str = "opaque",
    ) -> Wire:
        """An operator outside the vocabulary, with a known output shape."""
        return _apply(Opaque(label=label, shape=shape, weights=weights, macs=macs), (self, *others), name)

    def add(self, other: Wire, *, name: str = "add") -> Wire:
        return _apply(Add(), (self, other), name)

    def multiply(self, other: Wire, *, name: str = "multiply") -> Wire:
        return _apply(Multiply(), (self, other), name)

    def __add__(self, other: Wire) -> Wire:
        return self.add(other) if isinstance(other, Wire) else NotImplemented

    def __mul__(self, other: Wire) -> Wire:
        return self.multiply(other) if isinstance(other, Wire) else NotImplemented

    def graph(self, name: str, *others: Wire) -> Graph:
        """The network that computes this wire (and ``others``, as further outputs)."""
        return collect(name, (self, *others))

    def __repr__(self) -> str:
        return f"Wire({self.scope}{self.label}{self.suffix}: {self.shape})"

    def _follow(self, operator: Operator, suffix: str, name: str | None) -> Wire:
        """Append an operator that is named after its producer where both stand in one scope."""
        if name is None and self.inputs and self.scope == prefix():
            return _apply(operator, (self,), self.label, "_" + suffix)
        return _apply(operator, (self,), name or suffix)


def _apply(operator: Operator, inputs: tuple[Wire, ...], label: str, suffix: str = "") -> Wire:
    before = prefix()
    shape = infer(before + label + suffix, operator, tuple([wire.shape for wire in inputs]))
    return Wire(operator, inputs, shape, before, label, suffix)
