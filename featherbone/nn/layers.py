"""The operators that hold weights, as the text that makes their ``torch.nn`` layer."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph import Node, Shape
from featherbone.graph.operators import BatchNorm, Conv, ConvTranspose, Linear, Operator

LARGEST_RANK = 3  # torch has layers for one, two and three sides


def constructor(node: Node, inputs: tuple[Shape, ...]) -> str | None:
    """The call that makes a node's layer, or ``None`` where the node holds no weights.

    >>> from featherbone.graph import image
    >>> graph = image(3, 224).conv(32, 3, stride=2).graph("stem")
    >>> constructor(graph["conv"], graph.input_shapes(graph["conv"]))
    'nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)'

    Raises:
        FeatherboneError: more than three sides, or a symbolic size.
    """
    operator = node.operator
    if isinstance(operator, Conv):
        return _conv(node.name, operator, inputs[0])
    if isinstance(operator, ConvTranspose):
        return _conv_transpose(node.name, operator, inputs[0])
    if isinstance(operator, BatchNorm):
        rank = max(1, rank_of(node.name, operator, inputs[0]))
        settings = [number(inputs[0][0])]
        settings += [f"eps={number(operator.epsilon)}"] if operator.epsilon != 1e-5 else []
        settings += [f"momentum={number(operator.momentum)}"] if operator.momentum != 0.1 else []
        settings += ["affine=False"] if not operator.affine else []
        return f"nn.BatchNorm{rank}d({', '.join(settings)})"
    if isinstance(operator, Linear):
        bias = "" if operator.bias else ", bias=False"
        return f"nn.Linear({number(inputs[0][0])}, {number(operator.out_features)}{bias})"
    return None


def _conv(name: str, operator: Conv, shape: Shape) -> str:
    settings = [number(shape[0]), number(operator.out_channels), sides(operator.kernel)]
    settings += [f"stride={sides(operator.stride)}"] if set(operator.stride) != {1} else []
    padding = symmetric(operator.padding)
    settings += [f"padding={sides(padding)}"] if padding is not None and set(padding) != {0} else []
    settings += [f"dilation={sides(operator.dilation)}"] if set(operator.dilation) != {1} else []
    settings += [f"groups={number(operator.groups)}"] if operator.groups != 1 else []
    settings += ["bias=False"] if not operator.bias else []
    return f"nn.Conv{rank_of(name, operator, shape)}d({', '.join(settings)})"


def _conv_transpose(name: str, operator: ConvTranspose, shape: Shape) -> str:
    settings = [number(shape[0]), number(operator.out_channels), sides(operator.kernel)]
    for word, values, usual in (
        ("stride", operator.stride, 1),
        ("padding", operator.padding, 0),
        ("output_padding", operator.output_padding, 0),
        ("dilation", operator.dilation, 1),
    ):
        settings += [f"{word}={sides(values)}"] if set(values) != {usual} else []
    settings += [f"groups={number(operator.groups)}"] if operator.groups != 1 else []
    settings += ["bias=False"] if not operator.bias else []
    return f"nn.ConvTranspose{rank_of(name, operator, shape)}d({', '.join(settings)})"


def rank_of(name: str, operator: Operator, shape: Shape) -> int:
    """How many sides a map has; at most three."""
    rank = len(shape) - 1
    if rank > LARGEST_RANK:
        raise FeatherboneError(
            f"{name}: PyTorch has no {operator.kind} for a map with {rank} sides",
            hint="up to three sides are supported",
        )
    return rank


def symmetric(padding: tuple[tuple[object, object], ...]) -> tuple[object, ...] | None:
    """Padding as one value a side, where the two edges agree; else ``None``."""
    return tuple(before for before, _ in padding) if all(before == after for before, after in padding) else None


def number(value: object) -> str:
    """A whole number or a float as Python text, and nothing else: so a graph cannot smuggle code in."""
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return repr(value) if value == value and abs(value) != float("inf") else f'float("{value}")'
    raise FeatherboneError(
        f"{value} is not a number, so no module can be built", hint="build the network with numbers instead of symbols"
    )


def sides(values: tuple[object, ...]) -> str:
    """``3`` where all sides agree, else ``(1, 3)``."""
    texts = [number(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else f"({', '.join(texts)})"
