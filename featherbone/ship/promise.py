"""How near a shipped file comes to what it was made of: what each precision promises, and whether it is kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.run_record import Verification

# Folding batch norms and another order of sums move float32 logits by 1e-7 to 1e-6 of their spread (MobileNetV2,
# ShuffleNet and ResNet-50: 3e-7 to 7e-7); one wrong weight moves them by 1e-4 and more.
LARGEST_RELATIVE_DIFFERENCE = 1e-5
# Where logits are nearly equal their spread is no measure of what they are sums of: 9e-7 was seen at a spread of 0.05.
ROUNDING = 2e-6  # of the largest logit: 17 units in the last place of float32
FLOOR = 5e-6
HALF = 2.0**-11  # half a unit in the last place of float16
MAPS_IN_HALF = 8  # of such units that may come together, of the largest logit: 0.9 to 2.3 were seen, up to 50 layers
A_STEP = 1.01  # of a grid: its own arithmetic is in float32
OF_A_PROBABILITY = 1e-5  # roundings of a softmax in float32, seen by the logarithm
LEAST = 1e-30  # probability that is told from none


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a file promises of its outputs beside those of the network that it was written from.

    >>> exact = Promise(words="the same bits", allowed=lambda expected, step: 0.0)
    >>> exact.verdict(np.array([[1.0, 2.0]]), np.array([[1.0, 2.5]]), what="the C").passed
    False

    Fields:
        words: the promise, for people.
        allowed: how far an output may be from the expected one, out of all expected ones (N, classes) and the step of
            the grid that they lie on (``step_of``).
        share: the least share of the outputs that are not further away.
        alike: the least share of the images that have the same class, or one whose expected output is not further below
            than twice of what is allowed.
    """

    words: str
    allowed: Callable[[np.ndarray, float], float]
    share: float = 1.0
    alike: float = 0.0

    def verdict(self, expected: np.ndarray, found: np.ndarray, *, what: str, step: float = 0.0) -> Verification:
        """Whether ``found`` keeps the promise, both (N, classes); ``what`` is the file, for the sentence.

        Raises:
            FeatherboneError: they have not the same shape.
        """
        _require_alike(expected, found, what)
        return self._verdict(expected, found, float(self.allowed(expected, step)), f"{what} does not")

    def verdict_on_probabilities(
        self, logits: np.ndarray, found: np.ndarray, *, what: str, step: float = 0.0
    ) -> Verification:
        """Whether the probabilities that were ``found`` keep the promise, beside the logits that are expected.

        They are compared by their logarithms, as near 0 and 1 a probability hides what a logit shows. Those differ by
        twice of what logits differ by at most, and by what a softmax in float32 rounds.

        Raises:
            FeatherboneError: they have not the same shape.
        """
        _require_alike(logits, found, what)
        seen = np.log(np.maximum(found.astype(np.float64), LEAST))
        allowed = max(2 * float(self.allowed(logits, step)), OF_A_PROBABILITY)
        return self._verdict(log_probabilities(logits), seen, allowed, f"{what}, by its probabilities, does not")

    def _verdict(self, expected: np.ndarray, found: np.ndarray, allowed: float, what: str) -> Verification:
        apart = np.abs(expected.astype(np.float64) - found)
        difference = float(apart.max())
        agreement = float((expected.argmax(axis=1) == found.argmax(axis=1)).mean())
        near = float((apart <= allowed).mean())
        named = np.take_along_axis(expected, np.expand_dims(found.argmax(axis=1), 1), axis=1)
        alike = float((named[:, 0] >= expected.max(axis=1) - 2 * allowed).mean())
        says = f"{what} compute what was trained: over {len(expected)} images"
        reason = ""
        if not math.isfinite(difference) or not math.isfinite(allowed):
            reason = f"{says} not all logits are finite numbers"
        elif near < self.share or alike < self.alike:
            spread = float(expected.max() - expected.min())
            few = f", {near:.1%} of them by less" if self.share < 1 else ""
            reason = (
                f"{says} the logits differ by up to {difference:.3g} (allowed is {allowed:.3g}{few}, their spread is "
                f"{spread:.3g}) and {agreement:.1%} agree on the class"
            )
        return Verification(
            passed=not reason,
            images=len(expected),
            top1_agreement=agreement,
            largest_difference=difference if math.isfinite(difference) else None,
            allowed=allowed if math.isfinite(allowed) else FLOOR,
            reason=reason,
        )


def _require_alike(expected: np.ndarray, found: np.ndarray, what: str) -> None:
    if expected.shape != found.shape:
        raise FeatherboneError(f"{what} writes logits of shape {found.shape}; the model writes {expected.shape}")


def _close(expected: np.ndarray, step: float) -> float:
    spread, largest = float(expected.max() - expected.min()), float(np.abs(expected).max())
    return max(LARGEST_RELATIVE_DIFFERENCE * spread, ROUNDING * largest, FLOOR)


def _close_in_half(expected: np.ndarray, step: float) -> float:
    return max(MAPS_IN_HALF * HALF * float(np.abs(expected).max()), FLOOR)


CLOSE = Promise(words="each logit within 1e-5 of their spread", allowed=_close)
"""Of float32."""
HALF_CLOSE = Promise(words="each logit within 8 roundings of float16", allowed=_close_in_half)
"""Of float16, beside the network in float32."""
A_STEP_APART = Promise(
    words="95 % of the logits within a step of their grid, 99.5 % of the images of one class, but for ties",
    allowed=lambda expected, step: A_STEP * step,
    share=0.95,
    alike=0.995,
)
"""Of integers in a runtime that rounds in its own way."""
EXACT = Promise(words="every logit to the bit", allowed=lambda expected, step: 0.0)
"""Of integers in code that rounds as ``featherbone.quantize.reference`` does."""


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """The logarithms of the probabilities that logits (N, classes) stand for, no less than that of 1e-30.

    >>> log_probabilities(np.array([[0.0, 0.0]])).round(3).tolist()
    [[-0.693, -0.693]]
    """
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    found: np.ndarray = np.maximum(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), math.log(LEAST))
    return found
