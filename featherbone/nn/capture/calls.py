"""Which rule answers a torch function: by its name, as ``torch.relu``, ``Tensor.relu`` and ``F.relu`` are one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from opcode import opmap
from types import FrameType
from typing import Any

import torch
from torch._ops import OpOverload

Rule = Callable[..., Any]


class NoRule(Exception):
    """A rule found a use that it does not know; the general route answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A torch function as the tracer sees it.

    Fields:
        function: its name with where it stands, as ``featherbone.graph.called`` spells it.
        name: as it stands in torch, without the underscores of operators and of in-place forms.
        in_place: it changes its first argument.
        free: it has no multiply-adds by the papers' convention.
        moves: it only moves or renames values.
        views: what it returns shares the memory of its first argument.
        makes: it makes a tensor from nothing (``zeros``, ``arange``).
        multiplies: it has multiply-adds by the papers' convention.
        macs: their number, or None where it is not known, where there is no rule.
        inside: it is made of operators that come to the dispatcher, so it is let run.
    """

    name: str
    function: str = ""
    rule: Rule | None = None
    in_place: bool = False
    free: bool = False
    moves: bool = False
    views: bool = False
    makes: bool = False
    multiplies: bool = False
    macs: Callable[..., int | None] | None = None
    inside: bool = False


BINARY_OP = opmap["BINARY_OP"]
SCRIPTED = (torch._C.ScriptFunction, torch._C.ScriptMethod)
SCRIPT = Call(name="script", rule=None, inside=True)

_known: dict[Any, Call] = {}


def call_of(func: Callable[..., Any]) -> Call:
    """What is known of a torch function, looked up once."""
    found = _known.get(func)
    if found is None:
        if isinstance(func, SCRIPTED):
            return SCRIPT
        found = _look_up(func)
        if found.name != "__get__":
            _known[func] = found
    return found


def _look_up(func: Callable[..., Any]) -> Call:
    from featherbone.nn.capture.rules import property_rule

    raw = getattr(func, "__name__", type(func).__name__)
    if raw in ("__get__", "__set__"):
        attribute = getattr(getattr(func, "__self__", None), "__name__", "")
        return Call(name=raw, rule=property_rule(raw, attribute), free=True, moves=True)
    # Of torch.ops, and of one overload there, as exported programs call them: aten's are known by their names alone.
    schema = func._schema.name if isinstance(func, OpOverload) else getattr(func, "_qualified_op_name", "")
    space, _, own = str(schema).partition("::")
    if own:
        raw = own if space == "aten" else f"{space}.{own}"
    home = getattr(func, "__module__", None)
    method = hasattr(func, "__objclass__") or getattr(func, "__qualname__", "").startswith("Tensor.")
    place = "functional" if home == "torch.nn.functional" else "aten" if own else "Tensor" if method else "torch"
    return call_named(raw, native=home != "torch.nn.functional", place=place)


def call_named(raw: str, *, native: bool = True, place: str = "aten") -> Call:
    """What is known of a function by its name; ``native`` ones take some arguments in another order than ``F``'s.

    ``place`` is where it stands: functional, torch, Tensor or aten.
    """
    from featherbone.nn.capture.rules import KERNELS, RULES, quantized
    from featherbone.nn.capture.rules.names import FACTORIES, FREE, MOVES, MULTIPLY, VIEWS

    name, in_place, swapped = plain_name(raw)
    rule = RULES.get(name)
    if native:
        rule = RULES.get(f"native {name}", rule)
    if swapped and rule is not None:
        rule = _swapped(rule)
    moves = name in MOVES
    # torchvision's own operators, of which deform_conv2d alone multiplies with weights
    free = moves or name.removeprefix("torchvision.") in FREE or name in FACTORIES or name in quantized.FREE
    return Call(
        name=name,
        function=f"{place}.{raw}",
        rule=rule,
        in_place=in_place,
        free=free,
        moves=moves,
        views=name in VIEWS,
        makes=name in FACTORIES,
        multiplies=name in MULTIPLY,
        macs=KERNELS.get(name),
    )


def plain_name(raw: str) -> tuple[str, bool, bool]:
    """(name, whether it is in place, whether its two operands are swapped).

    >>> plain_name("relu_"), plain_name("__iadd__"), plain_name("__rsub__")
    (('relu', True, False), ('add', True, False), ('sub', False, True))
    """
    if raw.startswith("__") and raw.endswith("__"):
        name = raw[2:-2]
        if name in ("setitem",):
            return name, True, False
        for prefix, in_place in (("r", False), ("i", True)):
            if name[:1] == prefix and name[1:] in OPERATORS:
                return OPERATORS[name[1:]], in_place, not in_place
        return OPERATORS.get(name, name), False, False
    if raw.endswith("_") and not raw.startswith("_"):
        return raw[:-1], True, False
    if raw in ("rsub",):
        return "sub", False, True
    return raw, False, False


BINARY = frozenset({"add", "mul", "matmul"})
"""What is written as an operator as often as by name; profilers that replace the names miss the operators."""


def is_operator(frame: FrameType) -> bool:
    """Whether the frame is at ``+``, ``*``, ``@`` or another operator, and not at a call."""
    return frame.f_code.co_code[frame.f_lasti] == BINARY_OP


OPERATORS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "div": "div",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "matmul": "matmul",
    "neg": "neg",
    "invert": "bitwise_not",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "eq": "eq",
    "ne": "ne",
    "lt": "lt",
    "le": "le",
    "gt": "gt",
    "ge": "ge",
    "abs": "abs",
    "bool": "as_bool",
    "int": "as_int",
    "float": "as_float",
    "index": "as_index",
    "complex": "as_complex",
}


def _swapped(rule: Rule) -> Rule:
    def answer(tracer: Any, right: Any, left: Any, *args: Any, **kwargs: Any) -> Any:
        return rule(tracer, left, right, *args, **kwargs)

    return answer
