"""The classes of ImageNet: a thousand, sorted by wnid, each with a name of its own."""

from __future__ import annotations

import re

from featherbone.hub import imagenet_classes


def test_names_by_sorted_wnids() -> None:
    classes = imagenet_classes()
    assert len(classes) == len(set(classes.values())) == 1000
    assert list(classes) == sorted(classes)
    assert all(re.fullmatch(r"n[0-9]{8}", wnid) for wnid in classes)
    # Outputs that everybody knows by their number.
    named = list(classes.values())
    assert (named[0], named[207], named[281], named[388], named[817]) == (
        *("tench", "golden retriever", "tabby", "giant panda", "sports car"),
    )
    assert {"crane (wading bird)", "crane (lifting device)"} <= set(named)
