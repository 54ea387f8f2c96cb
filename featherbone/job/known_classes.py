"""Which of a network's classes the images of a data set show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.hub import imagenet_classes
from featherbone.job.training.starting import some


def class_places(shown: Sequence[str], known: Sequence[str], network: str, data: str) -> np.ndarray:
    """The place of each class that images show among those that a network knows; it may know more.

    >>> class_places(["dog"], ["cat", "dog"], "a network", "some photos").tolist()
    [1]

    Folders that are named by the wnids of ImageNet show the classes of those names.

    Raises:
        FeatherboneError: a class that the network does not know.
    """
    places = known_places(known)
    unknown = next((each for each in shown if each not in places), None)
    if unknown is not None:
        raise FeatherboneError(
            f"{network} knows {some(tuple(known))}; {data} shows {unknown!r} besides, so its labels say nothing",
            hint="name the folders of the images as the model's classes, or give other images",
        )
    return np.array([places[each] for each in shown])


def known_places(known: Sequence[str]) -> Mapping[str, int]:
    """The place of each class of a network by its name and, of ImageNet's classes, its wnid.

    >>> known_places(["tench", "n01443537"])
    {'n01440764': 0, 'tench': 0, 'n01443537': 1}
    """
    places = {each: place for place, each in enumerate(known)}
    return {**{wnid: places[word] for wnid, word in imagenet_classes().items() if word in places}, **places}
