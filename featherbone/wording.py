"""Shares and lists as sentences write them."""

from __future__ import annotations

from collections.abc import Sequence


def percent(share: float | None, digits: int = 1) -> str:
    """A share; a dash where there is none.

    >>> percent(0.1234), percent(0.1234, 0), percent(None)
    ('12.3 %', '12 %', '–')
    """
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def points(difference: float) -> str:
    """The difference of two shares.

    >>> points(0.0123)
    '1.2 points'
    """
    return f"{100 * difference:.1f} points"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


SCREEN = 8  # entries of a list in a message; a long one takes two lines


def one_screen(problems: Sequence[str]) -> str:
    """The lines of a message, of which a long list shows the first ones.

    >>> print(one_screen(["a", "b"]))
    a
      b
    """
    shown = (
        list(problems)
        if len(problems) <= SCREEN
        else [*problems[: SCREEN - 1], f"… and {len(problems) - SCREEN + 1} more"]
    )
    return "\n  ".join(shown)
