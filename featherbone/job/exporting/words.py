"""Options that are lists of words with commas."""

from __future__ import annotations

from collections.abc import Sequence

from featherbone.errors import FeatherboneError


def words_of(text: str, flag: str) -> tuple[str, ...]:
    """The words of a list with commas.

    Raises:
        FeatherboneError: there is none, or one twice.
    """
    words = tuple(filter(None, (word.strip() for word in text.split(","))))
    if not words:
        raise FeatherboneError(f"{flag} names nothing", hint="several are written with commas")
    if len(set(words)) < len(words):
        raise FeatherboneError(f"{flag} names {max(words, key=words.count)} twice", hint="name each once")
    return words


def require_known(words: Sequence[str], known: Sequence[str], flag: str) -> None:
    """Raise FeatherboneError, with what there is, for a word that is not known."""
    unknown = next((word for word in words if word not in known), None)
    if unknown is not None:
        raise FeatherboneError(f"{flag} is {unknown!r}; it may be {', '.join(known)}")
