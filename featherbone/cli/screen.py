"""Rich's console, which prints no escape sequence that a text may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.segment import Segment

from featherbone.cli.streams import HIDDEN, visible


class Screen(Console):
    r"""Shows all text as ``visible`` does; what Rich itself says to the terminal passes.

    >>> Screen(width=40).print("cat\x1b[2J")
    cat\x1b[2J
    """

    def render(self, *arguments: Any, **options: Any) -> Iterator[Segment]:
        for segment in super().render(*arguments, **options):
            plain = segment.control or not HIDDEN.search(segment.text)
            yield segment if plain else Segment(visible(segment.text), segment.style)
