"""One page on which a network's cost moves under a person's hand: formulas, networks, designs, published figures.

>>> from featherbone.explore import write_explorer
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_explorer(path: Path | str, targets: Sequence[str] = (), *, inputs: Any = None) -> Path:
    """Write the page for networks, models and designs, and return its path.

        write_explorer("page.html", ["mobilenet_v2", "r224 | stem w16 s2 | basic w32 s2"])

    A target is what ``read_model`` takes, or the line of a design; without one the page has the networks that the field
    began with. It is one file that opens offline.

    Raises:
        FeatherboneError: a target that names no network, model or design; a page that can't be written.
    """
    from featherbone.atomic import write_atomically
    from featherbone.explore.page import render

    text, written = render(targets, inputs=inputs), Path(path)
    with write_atomically(written) as file:
        file.write(text.encode("utf-8"))
    return written


__all__ = ["write_explorer"]
