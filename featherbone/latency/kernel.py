"""A kernel as a runtime runs it: one call, several operators of a graph fused. Its text is the key of what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from featherbone.errors import FeatherboneError

DEPTHWISE = 0  # in place of a number of groups: as many as there are channels


class Family(NamedTuple):
    """What kernels have in common that differ in channels only, as fields of ``Kernel``."""

    op: str
    layout: str = "plain"
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    groups: int = 1
    act: str = ""
    adds: bool = False
    side_in: tuple[int, int] = (1, 1)
    side_out: tuple[int, int] = (1, 1)


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """One kernel with its shapes, at batch 1.

    >>> family = Family(op="conv", layout="blocked", kernel=(3, 3), act="relu", side_in=(16, 16), side_out=(16, 16))
    >>> kernel = Kernel(family=family, channels_in=16, channels_out=32)
    >>> str(kernel)
    'conv blocked k3x3 s1x1 g1 relu in16x16x16 out32x16x16'
    >>> Kernel.parse(str(kernel)) == kernel
    True

    ``layout`` is ``plain`` for maps with whole channels one after the other, ``blocked`` for channels in blocks, and
    ``direct`` for a convolution that reads the first and writes the second. ``adds`` marks a map that is added to what
    a convolution writes. A concatenation's ``channels_in`` are those of its first map.
    """

    family: Family
    channels_in: int
    channels_out: int

    def __str__(self) -> str:
        each = self.family
        words = [each.op, each.layout, f"k{_pair(each.kernel)}", f"s{_pair(each.stride)}", f"g{each.groups}"]
        words += [each.act] if each.act else []
        words += ["add"] if each.adds else []
        words += [f"in{self.channels_in}x{_pair(each.side_in)}", f"out{self.channels_out}x{_pair(each.side_out)}"]
        return " ".join(words)

    @staticmethod
    def parse(text: str) -> Kernel:
        """The kernel that ``str`` wrote.

        Raises:
            FeatherboneError: any other text.
        """
        try:
            kernel = _parsed(text.split())
        except (IndexError, ValueError):
            kernel = None
        if kernel is None or str(kernel) != text:
            raise FeatherboneError(f"{text[:200]!r} is not the text of a kernel")
        return kernel


def _parsed(words: list[str]) -> Kernel:
    op, layout, kernel, stride, groups, *rest = words
    *marks, read, written = rest
    acts = [mark for mark in marks if mark != "add"]
    channels_in, *side_in = map(int, read.removeprefix("in").split("x"))
    channels_out, *side_out = map(int, written.removeprefix("out").split("x"))
    family = Family(
        op=op,
        layout=layout,
        kernel=_sides(kernel[1:].split("x")),
        stride=_sides(stride[1:].split("x")),
        groups=int(groups[1:]),
        act=acts[0] if acts else "",
        adds="add" in marks,
        side_in=_sides(side_in),
        side_out=_sides(side_out),
    )
    return Kernel(family=family, channels_in=channels_in, channels_out=channels_out)


def _sides(values: list[Any]) -> tuple[int, int]:
    height, width = map(int, values)
    return height, width


def _pair(sides: tuple[int, int]) -> str:
    return f"{sides[0]}x{sides[1]}"
