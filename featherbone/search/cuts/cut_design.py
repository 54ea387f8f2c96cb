"""A cut of a pretrained network as one line of text, and back, exactly: ``CutDesign.parse(str(design)) == design``.

    cut efficientnet_lite0 | r96 | drop stage6.block2 stage6.block3 | keep 24 12 96 20

``r`` is the resolution; ``drop`` names the branches that went (``featherbone.graph.branches``), and is left out where
none did; ``keep`` has the channels that are left of each width that may be cut, in the order in which the network
writes them. Which channels these are follows from the network, the images and the seed: the file that the trial begins
with has them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.channel_sets import channel_sets

WORD = "cut "
EXAMPLE = "cut mobilenet_v2 | r96 | drop stage3.block2 | keep 16 8 24"


@dataclass(frozen=True, kw_only=True)
class CutDesign:
    """What is left of a pretrained network.

    >>> design = CutDesign(network="tiny", resolution=24, dropped=("block2",), kept=(8, 16))
    >>> str(design)
    'cut tiny | r24 | drop block2 | keep 8 16'
    >>> CutDesign.parse(str(design)) == design
    True
    """

    network: str
    resolution: int
    dropped: tuple[str, ...]
    kept: tuple[int, ...]

    def __str__(self) -> str:
        drop = [f"drop {' '.join(self.dropped)}"] if self.dropped else []
        keep = [f"keep {' '.join(map(str, self.kept))}"] if self.kept else []
        return " | ".join([f"{WORD}{self.network}", f"r{self.resolution}", *drop, *keep])

    @staticmethod
    def parse(text: str) -> CutDesign:
        """The cut of one line.

        Raises:
            FeatherboneError: the text is none, with the part that is not understood.
        """
        first, *rest = [" ".join(part.split()) for part in text.split("|")]
        network = first.removeprefix(WORD)
        if not is_cut(first) or not network or not rest or not re.fullmatch(r"r[1-9]\d{0,5}", rest[0]):
            raise FeatherboneError(f"{text[:80]!r} is no cut of a network", hint=f"such as {EXAMPLE}")
        found: dict[str, list[str]] = {}
        for part in rest[1:]:
            word, *values = part.split(" ")
            known = [name for name in ("drop", "keep") if name not in found]
            if word not in known or not values:
                raise FeatherboneError(
                    f"a cut does not know {part[:40]!r}", hint=f"drop and keep, once each: {EXAMPLE}"
                )
            found[word] = values
        wrong = [each for each in found.get("keep", []) if not re.fullmatch(r"[1-9]\d{0,5}", each)]
        if wrong:
            raise FeatherboneError(f"{wrong[0][:40]!r} is no number of channels", hint=f"such as {EXAMPLE}")
        return CutDesign(
            network=network,
            resolution=int(rest[0][1:]),
            dropped=tuple(found.get("drop", [])),
            kept=tuple(map(int, found.get("keep", []))),
        )

    @property
    def key(self) -> str:
        """A short name of it, for a file.

        >>> len(CutDesign(network="tiny", resolution=24, dropped=(), kept=(8, 16)).key)
        16
        """
        return hashlib.sha256(str(self).encode()).hexdigest()[:16]


def is_cut(text: str) -> bool:
    """Whether the text of a candidate is of a cut.

    >>> is_cut("cut tiny | r24 | keep 8"), is_cut("r24 | stem w8"), is_cut("mobilenet_v2:classes=5")
    (True, False, False)
    """
    return text.startswith(WORD)


def cut_design(network: str, resolution: int, dropped: tuple[str, ...], before: Graph, after: Graph) -> CutDesign:
    """The design of ``after``, what a cut left of ``before``, from which the branches are gone already.

    >>> from featherbone.graph import image
    >>> one, two = (image(3, 8).conv(wide, 3, name="a").conv(4, 3, name="b").graph("tiny") for wide in (8, 5))
    >>> str(cut_design("tiny", 8, (), one, two))
    'cut tiny | r8 | keep 5'
    """
    first = dict.fromkeys(space.nodes[0] for space in channel_sets(before).spaces if not space.fixed)
    kept = tuple(int(after[name].shape[0]) for name in first)
    return CutDesign(network=network, resolution=resolution, dropped=dropped, kept=kept)
