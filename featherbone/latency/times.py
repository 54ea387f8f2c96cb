"""How long kernels take that were never measured: for each kind, a sum of what it does, fitted to measured ones.

What a kernel does are multiply-adds, values read and written, weights, and rows of blocks, as its layout has them
(whole blocks of channels). No coefficient is negative, so a wider kernel of the same layout never takes less, nor one
on a larger map. Errors count relatively in the fit: a tenth of a small kernel weighs as much as a tenth of a large one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.latency.kernel import DEPTHWISE, Family, Kernel

FEWEST = 10  # kernels of a kind before it has coefficients of its own
LEAST = 2e-7  # seconds; what is measured as less is taken for it, as an error relative to nothing means nothing
COSTLY = ("hard_swish", "sigmoid")


@dataclass(frozen=True, kw_only=True)
class KernelTimes:
    """Coefficients by kind of kernel, from the most particular to the operation alone; ``block`` as in a plan."""

    block: int
    coefficients: Mapping[str, tuple[float, ...]]

    def seconds(self, family: Family, channels_in: np.ndarray, channels_out: np.ndarray) -> np.ndarray:
        """One time for each pair of channels.

        Raises:
            FeatherboneError: no kernel was measured.
        """
        for kind in kinds(family):
            found = self.coefficients.get(kind)
            if found is not None:
                columns = _columns(family, channels_in, channels_out, self.block)
                total = np.zeros(len(channels_out))
                for column, coefficient in zip(columns, found, strict=True):
                    if coefficient:
                        total += coefficient * column()
                return total
        raise FeatherboneError(
            f"no time of any kernel is known, so none of {family.op}",
            hint="measure it first: featherbone.latency",
        )


def fitted(measured: Mapping[Kernel, float], *, block: int) -> KernelTimes:
    """Coefficients that fit measured kernels, in seconds.

    >>> family = Family(op="add", side_in=(8, 8), side_out=(8, 8))
    >>> known = {Kernel(family=family, channels_in=c, channels_out=c): 1e-6 + 1e-9 * 64 * c for c in range(16, 400, 16)}
    >>> found = fitted(known, block=16).seconds(family, np.array([40]), np.array([40]))
    >>> [round(1e6 * float(seconds), 2) for seconds in found]
    [3.56]
    """
    groups: dict[str, list[tuple[Kernel, float]]] = {}
    for kernel, seconds in measured.items():
        for kind in kinds(kernel.family):
            groups.setdefault(kind, []).append((kernel, max(seconds, LEAST)))
    found: dict[str, tuple[float, ...]] = {}
    for kind in sorted(groups, key=lambda kind: len(kind.split())):  # the general ones first
        members = groups[kind]
        general = found.get(kind.rpartition(" ")[0])
        if general is not None and " " in kind and len(members) < FEWEST:
            continue
        rows = np.concatenate(
            [features(k.family, np.array([k.channels_in]), np.array([k.channels_out]), block) for k, _ in members]
        )
        coefficients = positive_fit(rows, np.array([seconds for _, seconds in members]))
        if general is not None:  # what none of the kind has is as it is elsewhere
            unseen = ~rows.any(axis=0)
            coefficients[unseen] = np.array(general)[unseen]
        found[kind] = tuple(float(value) for value in coefficients)
    return KernelTimes(block=block, coefficients=found)


def kinds(family: Family) -> tuple[str, ...]:
    """The kinds that a family belongs to, the most particular first, all kernels last.

    >>> kinds(Family(op="conv", layout="blocked", kernel=(3, 3), groups=0))
    ('conv blocked depthwise 3x3s1x1', 'conv blocked depthwise', 'conv blocked', 'conv', '')
    """
    sort = "depthwise" if family.groups == DEPTHWISE else "grouped" if family.groups > 1 else "dense"
    window = "x".join(map(str, family.kernel)) + "s" + "x".join(map(str, family.stride))
    words = [family.op, family.layout, sort, window]
    return tuple(" ".join(words[:length]) for length in range(len(words), -1, -1))


def is_convolution(kind: str) -> bool:
    """Whether a kind is one of convolutions.

    >>> is_convolution(kinds(Family(op="conv", layout="plain"))[0]), is_convolution("convert plain")
    (True, False)
    """
    return kind.split(" ", 1)[0] == "conv"


def features(family: Family, channels_in: np.ndarray, channels_out: np.ndarray, block: int) -> np.ndarray:
    """What kernels do, (kernels, features)."""
    return np.stack([column() for column in _columns(family, channels_in, channels_out, block)], axis=1)


def _columns(
    family: Family, channels_in: np.ndarray, channels_out: np.ndarray, block: int
) -> tuple[Callable[[], np.ndarray], ...]:
    """Each feature as a function, as most of a fit's coefficients are 0."""
    read, written = _area(family.side_in), _area(family.side_out)
    blocks = block if family.layout != "plain" or family.op.startswith("reorder") else 1
    out = _filled(channels_out, blocks).astype(float)
    into = _filled(channels_in, 1 if family.layout == "direct" else blocks).astype(float)
    window, groups = _area(family.kernel), 1 if family.groups == DEPTHWISE else family.groups
    works = family.op in ("conv", "linear")
    unfolds = works and family.layout == "plain"
    fan = np.ones_like(into) if family.groups == DEPTHWISE else into / groups
    weights = window * works * fan * out
    return (
        lambda: np.ones_like(out),
        lambda: written * weights,  # multiply-adds
        lambda: read * into,
        lambda: written * out,
        lambda: weights,
        lambda: family.side_out[0] / max(blocks, 1) * works * fan * out,  # rows of the inner loops
        lambda: written * window * unfolds * into,  # windows laid out for a matrix product
        lambda: written * (family.act in COSTLY[:1]) * out,
        lambda: written * (family.act in COSTLY[1:]) * out,
        lambda: written * family.adds * out,
    )


def positive_fit(rows: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Coefficients of non-negative least squares, of relative errors (Lawson and Hanson 1974, chapter 23)."""
    from sklearn.linear_model import LinearRegression

    scale = np.abs(rows).max(axis=0)
    scale[scale == 0] = 1
    relative = rows / scale / seconds[:, None]
    model = LinearRegression(positive=True, fit_intercept=False).fit(relative, np.ones(len(seconds)))
    return np.asarray(model.coef_ / scale)


def _filled(channels: np.ndarray, block: int) -> np.ndarray:
    return -(-channels // block) * block if block > 1 else channels


def _area(sides: tuple[int, int]) -> int:
    return sides[0] * sides[1]
