"""Class weights as the command line takes them."""

from __future__ import annotations

from featherbone.errors import FeatherboneError

WORDS = ("none", "balanced")
EXAMPLE = "for example balanced, or cat=2,dog=0.5"


def read_class_weights(text: str) -> str | tuple[tuple[str, float], ...]:
    """``none``, ``balanced``, or weights by class, as a recipe holds them.

    >>> read_class_weights("balanced"), read_class_weights("cat=2,big dog=0.5")
    ('balanced', (('cat', 2.0), ('big dog', 0.5)))

    Raises:
        FeatherboneError: anything else.
    """
    if text in WORDS:
        return text
    found = []
    for part in text.split(","):
        name, equals, weight = part.rpartition("=")
        try:
            value = float(weight) if name.strip() and equals else None
        except ValueError:
            value = None
        if value is None:
            raise FeatherboneError(
                f"--class-weights is {text!r}; it must be none, balanced or a number for each class that is named",
                hint=f"{EXAMPLE}; a class whose name holds a comma needs a recipe file, with a table class_weights",
            )
        found.append((name.strip(), value))
    return tuple(found)
