"""The names of ImageNet's 1000 classes, out of WordNet 3.0: featherbone/hub/imagenet_classes.csv.

    python benchmarks/imagenet_classes.py data.noun SYNSETS.txt > featherbone/hub/imagenet_classes.csv

An ImageNet class is a synset of WordNet 3.0, and its wnid the place of that synset in `data.noun` (Debian's package
wordnet-base). `SYNSETS.txt` holds the 1000 wnids, a line each; timm has them as `imagenet_synsets.txt`. A class is
called by the first word of its synset; where two classes would have one name, what they are kinds of stands behind it.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nouns", type=Path)
    parser.add_argument("synsets", type=Path)
    arguments = parser.parse_args()
    wnids = sorted(arguments.synsets.read_text(encoding="ascii").split())
    with arguments.nouns.open("rb") as nouns:
        found = {wnid: _synset(nouns, int(wnid[1:])) for wnid in wnids}
        often = Counter(name for name, _ in found.values())
        named = {
            wnid: name if often[name] == 1 else f"{name} ({_synset(nouns, kind)[0]})"
            for wnid, (name, kind) in found.items()
        }
    if len(set(named.values())) != len(wnids):
        sys.exit("two classes have one name")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("wnid", "name"))
    writer.writerows(named.items())


def _synset(nouns, place: int) -> tuple[str, int]:  # type: ignore[no-untyped-def]  # a binary file
    """The first word of the synset at this place, and the place of what it is a kind of (wndb(5))."""
    nouns.seek(place)
    offset, _, kind, words, first, *rest = nouns.readline().decode("ascii").split()
    if int(offset) != place or kind != "n":
        sys.exit(f"n{place:08} is no noun of this WordNet")
    pointers = rest[2 * int(words, 16) - 1 :]
    above = next((int(pointers[at + 1]) for at, sign in enumerate(pointers) if sign in ("@", "@i")), place)
    return first.replace("_", " "), above


if __name__ == "__main__":
    main()
