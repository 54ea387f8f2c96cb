"""The integers of one layer: tried in several ways, and chosen by images that none of them was fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from featherbone.quantize.nearest import levels_of, nearest_steps
from featherbone.quantize.rounding.descent import lost, rounded_rows
from featherbone.rewrite.mending.covariance import definite
from featherbone.rewrite.mending.least_squares import fitted
from featherbone.rewrite.mending.moments import Moments

# Shares of the mean power of what is read, by which integers are held at the weights: the first that is tried, and
# those that are tried of what is then better.
HOLD, OTHER_HOLDS = 1e-2, (1e-3, 1e-1)
FIRST_STEPS = (1.0, 0.85, 1.15)  # of the steps of rounding to the nearest, at which descents begin
NEAREST = "nearest"


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundedMatrix:
    """Levels (groups × channels × fan), steps (groups × channels) and the bias that goes with them.

    ``how`` says which way was chosen, ``error`` what it loses on images held out, as a share of what rounding to the
    nearest loses there.
    """

    levels: torch.Tensor
    steps: torch.Tensor
    bias: torch.Tensor
    how: str
    error: float


def rounded_matrix(start: torch.Tensor, seen: Moments, held_out: Moments, bits: int, *, bias: bool) -> RoundedMatrix:
    """A layer's matrix (groups × channels × (fan + 1), the bias last) with integers for its weights.

    >>> rows = torch.randn(1, 900, 9, generator=torch.Generator().manual_seed(0))
    >>> rows = rows @ torch.randn(9, 9, generator=torch.Generator().manual_seed(2))
    >>> rows[..., 8] = 1
    >>> matrix = torch.randn(1, 2, 9, generator=torch.Generator().manual_seed(1)).double()
    >>> seen, held_out = Moments(), Moments()
    >>> seen.add(rows[:, :600], (rows[:, :600].double() @ matrix.mT).float())
    >>> held_out.add(rows[:, 600:], (rows[:, 600:].double() @ matrix.mT).float())
    >>> rounded_matrix(matrix, seen, held_out, 3, bias=True).error < 0.6
    True

    Rounding to the nearest is tried, of the weights as they are; and a descent (``rounded_rows``) towards the weights,
    or towards what fits the targets best, each held by several shares towards rounding each weight by itself. What
    loses least on the images held out is carried out with all images. Where nothing beats rounding to the nearest
    there, that is what stays.
    """
    weights = start[..., :-1]
    flat = nearest_steps(weights.flatten(0, 1), bits).reshape(weights.shape[:2]).clamp_min(1e-12)
    levels = levels_of(weights.flatten(0, 1), flat.flatten(), bits).reshape(weights.shape)
    everything = seen + held_out

    def error(aim: torch.Tensor, levels: torch.Tensor, steps: torch.Tensor) -> float:
        return float(held_out.error(_matrix(levels, steps, _with_bias(aim, levels, steps, seen, bias))).sum())

    def tried(aim: torch.Tensor, hold: float) -> float:
        return error(aim, *_descent(aim, seen, flat, bits, hold, bias, quick=True))

    plain = error(start, levels, flat)
    aims = {"least squares": fitted(start, seen, held_out, bias=bias), "weights": start}
    errors = {(target, HOLD): tried(aim, HOLD) for target, aim in aims.items()}
    target = min(errors, key=lambda key: errors[key])[0]
    errors.update({(target, hold): tried(aims[target], hold) for hold in OTHER_HOLDS})
    target, hold = min(errors, key=lambda key: errors[key])
    how, best = f"{target}, held by {hold:g}", errors[target, hold]
    if best < plain:
        levels, flat = _descent(aims[target], everything, flat, bits, hold, bias)
    else:
        target, how, best = "weights", NEAREST, plain
    found = _with_bias(aims[target], levels, flat, everything, bias)
    return RoundedMatrix(levels=levels, steps=flat, bias=found, how=how, error=best / plain if plain else 1.0)


def _descent(
    aim: torch.Tensor, seen: Moments, first: torch.Tensor, bits: int, hold: float, bias: bool, *, quick: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """The best of descents from several steps, for each row; of one, if ``quick``."""
    moments = definite(seen, hold, about_mean=bias)
    size = moments.shape[1]
    rows, shares = aim[..., :-1], FIRST_STEPS[:1] if quick else FIRST_STEPS
    many = rows.repeat(1, len(shares), 1)
    steps = torch.cat([first * share for share in shares], 1)
    levels, steps = rounded_rows(many, moments, steps, bits, fits=1 if quick else 2)
    losses = lost(many, moments, steps, levels).reshape(len(rows), len(shares), -1)
    which = losses.argmin(1)
    levels = levels.reshape(len(rows), len(shares), *rows.shape[1:])
    picked = levels.gather(1, which[:, None, :, None].expand(-1, 1, -1, size))[:, 0]
    return picked, steps.reshape(len(rows), len(shares), -1).gather(1, which[:, None])[:, 0]


def _with_bias(aim: torch.Tensor, levels: torch.Tensor, steps: torch.Tensor, seen: Moments, bias: bool) -> torch.Tensor:
    """The bias with which the mean of what is written is that of the aim: groups × channels."""
    if not bias:
        return aim[..., -1]
    mean = seen.read[:, :-1, -1] / seen.rows
    missing = aim[..., :-1] - levels * steps[..., None]
    found: torch.Tensor = aim[..., -1] + (missing @ mean[..., None])[..., 0]
    return found


def _matrix(levels: torch.Tensor, steps: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return torch.cat([levels * steps[..., None], bias[..., None]], 2)
