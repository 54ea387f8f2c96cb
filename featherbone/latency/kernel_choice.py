"""Which kernels to measure, of all that a space's networks may run: some of each kind, from small to large.

A convolution of a rare kind, such as a depthwise 5×5 one whose channels fill no blocks, is made in other widths too, as
one alone tells nothing of the rest and its relatives may run by another algorithm.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from featherbone.latency.kernel import Kernel
from featherbone.latency.times import features, kinds

OF_A_KIND = 16
MARKS = 3  # kernels of a kind for each activation or addition that others of it lack
TIMES = (2, 1 / 2, 3 / 2, 3, 5 / 2, 4, 1 / 4)  # the channels, of convolutions that are made in other widths


def chosen(texts: Iterable[str], known: Collection[str], *, block: int, number: int = OF_A_KIND) -> list[str]:
    """The texts to measure so that of each kind ``number`` are known, or all there are.

    >>> adds = [f"add plain k1x1 s1x1 g1 in{c}x8x8 out{c}x8x8" for c in range(16, 100, 16)]
    >>> chosen(adds, [], block=16, number=2)
    ['add plain k1x1 s1x1 g1 in16x8x8 out16x8x8', 'add plain k1x1 s1x1 g1 in96x8x8 out96x8x8']
    >>> chosen(adds, adds[:2], block=16, number=2)
    []
    """
    groups: dict[str, list[Kernel]] = {}
    for text in sorted(set(texts)):
        kernel = Kernel.parse(text)
        groups.setdefault(kinds(kernel.family)[0], []).append(kernel)
    held: dict[str, list[str]] = {}
    for text in known:
        if not text.startswith("network "):
            held.setdefault(kinds(Kernel.parse(text).family)[0], []).append(text)
    wanted: list[str] = []
    for kind, kernels in groups.items():
        kernels.sort(key=lambda kernel: (_work(kernel, block), str(kernel)))
        missing = number - len(held.get(kind, ()))
        if missing > 0:
            found = _spread(kernels, missing, known)
            wanted += found + _others(kernels, missing - len(found), {*known, *found}, block)
        seen = {_mark(Kernel.parse(text)) for text in held.get(kind, ())} | {
            _mark(Kernel.parse(text)) for text in wanted if kinds(Kernel.parse(text).family)[0] == kind
        }
        for mark in sorted({_mark(kernel) for kernel in kernels} - seen):
            wanted += _spread([kernel for kernel in kernels if _mark(kernel) == mark], MARKS, known)
    return list(dict.fromkeys(wanted))


def _spread(kernels: list[Kernel], number: int, known: Collection[str]) -> list[str]:
    """So many of them, from the first to the last in even steps."""
    fresh = [str(kernel) for kernel in kernels if str(kernel) not in known]
    if len(fresh) <= number:
        return fresh
    return [fresh[place] for place in np.linspace(0, len(fresh) - 1, number).round().astype(int)]


def _others(kernels: list[Kernel], number: int, known: Collection[str], block: int) -> list[str]:
    """So many of the convolutions among them in other widths, as far as there are any."""
    found: dict[str, None] = {}
    for times in TIMES:
        for kernel in kernels:
            if kernel.family.op == "conv" and kernel.family.layout != "direct" and len(found) < number:
                text = str(_wider(kernel, times, block))
                if text not in known:
                    found[text] = None
    return list(found)


def _wider(kernel: Kernel, times: float, block: int) -> Kernel:
    """The same with so many times its channels; in blocks, a group is whole blocks."""
    groups = max(kernel.family.groups, 1)
    unit = groups * block if kernel.family.layout == "blocked" and groups > 1 else groups
    into, out = (max(1, round(times * each / unit)) * unit for each in (kernel.channels_in, kernel.channels_out))
    return replace(kernel, channels_in=into, channels_out=out)


def _work(kernel: Kernel, block: int) -> float:
    row = features(kernel.family, np.array([kernel.channels_in]), np.array([kernel.channels_out]), block)[0]
    return float(row[1] or row[3])


def _mark(kernel: Kernel) -> str:
    return f"{kernel.family.act} {kernel.family.adds}"
