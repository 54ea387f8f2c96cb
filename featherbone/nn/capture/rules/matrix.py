"""Products of matrices: opaque, with one multiply-add for each product of two numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from featherbone.nn.capture.call_arguments import ModelError, broadcast, noted
from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer


def matmul(tracer: Tracer, input: Any, other: Any) -> Traced:
    left, right = tuple(input.shape), tuple(other.shape)
    if not left or not right:
        raise NoRule
    a = left if len(left) > 1 else (1, *left)
    b = right if len(right) > 1 else (*right, 1)
    if a[-1] != b[-2]:
        raise ModelError(f"matrices of shapes {left} and {right} in {tracer.place or 'the model'} do not fit")
    batch = broadcast(a[:-2], b[:-2]) if len(a) > 2 or len(b) > 2 else ()
    macs = prod(batch) * a[-2] * a[-1] * b[-1]
    full = (*batch, *((a[-2],) if len(left) > 1 else ()), *((b[-1],) if len(right) > 1 else ()))
    return tracer.opaque("matmul", (input, other), full, macs=macs)


def chain(tracer: Tracer, *given: Any, out: Any = None) -> Traced:
    """A product of several matrices, in the order that needs the fewest multiply-adds, which is what torch takes."""
    tensors = list(given[0]) if len(given) == 1 and isinstance(given[0], (tuple, list)) else list(given)
    first, last = tuple(tensors[0].shape), tuple(tensors[-1].shape)
    sides = [first[0] if len(first) > 1 else 1, *(tensor.shape[0] for tensor in tensors[1:])]
    sides.append(last[1] if len(last) > 1 else 1)
    if len(tensors) < 2 or tensors[0].shape[-1] != sides[1]:
        raise NoRule
    least = {(place, place): 0 for place in range(len(tensors))}
    for length in range(1, len(tensors)):
        for start in range(len(tensors) - length):
            end = start + length
            least[start, end] = min(
                least[start, cut] + least[cut + 1, end] + sides[start] * sides[cut + 1] * sides[end + 1]
                for cut in range(start, end)
            )
    full = (*first[:-1], *last[1:])
    return tracer.opaque("matmul", tensors, full, macs=least[0, len(tensors) - 1])


def plus_matmul(tracer: Tracer, input: Any, left: Any, right: Any, beta: Any = 1, alpha: Any = 1) -> Traced:
    """addmm and baddbmm: a product added to ``input``."""
    full = (*left.shape[:-1], right.shape[-1])
    made = tracer.opaque("matmul", (left, right, input), full, macs=prod(full) * left.shape[-1])
    return noted(made, addend=0 if beta == 0 else prod(input.shape))


def einsum(tracer: Tracer, equation: Any, *operands: Any) -> Traced:
    """Operands are joined from the left, two at a time: each join multiplies over all of its letters."""
    if not isinstance(equation, str) or not operands:
        raise NoRule
    tensors = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], (tuple, list)) else list(operands)
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    sizes: dict[str, int] = {}
    shared: tuple[int, ...] = ()
    spelled = []
    for term, tensor in zip(terms, tensors, strict=True):
        shape = tuple(tensor.shape)
        if "..." in term:
            before, _, after = term.partition("...")
            count = len(shape) - len(before) - len(after)
            middle = shape[len(before) : len(before) + count]
            shared = broadcast(shared, middle)
            # The axes of the ellipsis become digits, counted from the right as broadcasting does.
            term = before + "".join(str(number) for number in reversed(range(count))) + after
        for letter, size in zip(term, shape, strict=True):
            sizes[letter] = max(sizes.get(letter, 1), size)
        spelled.append(term)
    digits = "".join(str(number) for number in reversed(range(len(shared))))
    if not arrow:
        letters = "".join(spelled)
        right = digits + "".join(sorted(x for x in set(letters) if letters.count(x) == 1 and not x.isdigit()))
    else:
        right = right.replace("...", digits)
    macs, joined = 0, set(spelled[0])
    for place, term in enumerate(spelled[1:], 2):
        joined |= set(term)
        macs += prod(sizes[letter] for letter in joined)
        later = set(right).union(*spelled[place:])
        joined &= later
    made = tracer.opaque("einsum", tensors, [sizes[letter] for letter in right], macs=macs)
    return noted(made, sums=int(set("".join(spelled)) > set(right)), batched=int(_is_batched_product(spelled, right)))


def _is_batched_product(terms: list[str], result: str) -> bool:
    """abc,abd->acd or abc,adc->adb, in any letters: fvcore's own two."""
    letters = {letter: chr(97 + place) for place, letter in enumerate(dict.fromkeys("".join(terms) + result))}
    spelled = ",".join("".join(letters[letter] for letter in term) for term in terms)
    return f"{spelled}->{''.join(letters[letter] for letter in result)}" in ("abc,abd->acd", "abc,adc->adb")


def bilinear(tracer: Tracer, first: Any, second: Any, weight: Any, bias: Any = None) -> Traced:
    full = (*first.shape[:-1], weight.shape[0])
    macs = prod(full) * weight.shape[1] * (weight.shape[2] + 1)
    return tracer.opaque("bilinear", (first, second, weight, bias), full, macs=macs)


def inner(tracer: Tracer, input: Any, other: Any) -> Traced:
    """Sums over the last axes of both."""
    full = (*input.shape[:-1], *other.shape[:-1])
    return tracer.opaque("inner", (input, other), full, macs=prod(full) * input.shape[-1])


def tensordot(tracer: Tracer, a: Any, b: Any, dims: Any = 2, out: Any = None) -> Traced:
    """Sums over pairs of axes: the last and first ``dims``, or those that are named."""
    if isinstance(dims, int):
        left, right = list(range(len(a.shape) - dims, len(a.shape))), list(range(dims))
    else:
        left, right = ([one] if isinstance(one, int) else [int(place) for place in one] for one in dims)
    left = [place % len(a.shape) for place in left]
    right = [place % len(b.shape) for place in right]
    full = [size for place, size in enumerate(a.shape) if place not in left]
    full += [size for place, size in enumerate(b.shape) if place not in right]
    return tracer.opaque("tensordot", (a, b), full, macs=prod(full) * prod(a.shape[place] for place in left))


def plus_vector(tracer: Tracer, input: Any, matrix: Any, vector: Any, **settings: Any) -> Traced:
    """addmv: a matrix times a vector, added to ``input``."""
    return tracer.opaque("matmul", (matrix, vector, input), matrix.shape[:-1], macs=prod(matrix.shape))


def summed_matmul(tracer: Tracer, input: Any, left: Any, right: Any, **settings: Any) -> Traced:
    """addbmm: the products of a batch summed, added to ``input``."""
    full = (left.shape[-2], right.shape[-1])
    return tracer.opaque("matmul", (left, right, input), full, macs=prod(left.shape) * right.shape[-1])


def products(tracer: Tracer, input: Any, other: Any, dim: int = -1, **settings: Any) -> Traced:
    """vecdot: the sum of products along one axis."""
    both = list(broadcast(input.shape, other.shape))
    size = both.pop(dim)
    return tracer.opaque("matmul", (input, other), both, macs=prod(both) * size)


def distances(tracer: Tracer, first: Any, second: Any, *args: Any, **settings: Any) -> Traced:
    """cdist: a square and a sum for each coordinate of each pair."""
    full = (*broadcast(first.shape[:-2], second.shape[:-2]), first.shape[-2], second.shape[-2])
    return tracer.opaque("cdist", (first, second), full, macs=prod(full) * first.shape[-1])


def norm_macs(input: Any, ord: Any = None, *args: Any, **settings: Any) -> int | None:
    """None, as the other reductions; singular values, which some norms of matrices need, are not known."""
    return None if ord in ("nuc", 2, -2) else 0


KERNELS: dict[str, Callable[..., int | None]] = {"linalg_norm": norm_macs, "linalg_matrix_norm": norm_macs}
"""Multiply-adds of what takes the general way otherwise."""

RULES: dict[str, Rule] = {
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot", "vdot", "linalg_matmul"), matmul),
    **dict.fromkeys(("linalg_multi_dot", "chain_matmul"), chain),
    "linalg_vecdot": products,
    "addmm": plus_matmul,
    "baddbmm": plus_matmul,
    "addmv": plus_vector,
    "addbmm": summed_matmul,
    "inner": inner,
    "tensordot": tensordot,
    "cdist": distances,
    "einsum": einsum,
    "bilinear": bilinear,
}
