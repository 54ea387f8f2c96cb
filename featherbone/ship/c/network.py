"""A model as a function of this process: written in C, compiled by the system's compiler, kept in the cache."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from featherbone.compiled import compiled_c
from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel, load_model
from featherbone.ship.c.model import to_c

Pointer = ctypes.c_void_p


@dataclass(frozen=True, kw_only=True)
class CompiledNetwork:
    """Images in, probabilities out: uint8, images × height × width × channels → float32, images × classes.

    >>> def darkest(pixels: int, logits: int) -> None:
    ...     ctypes.cast(logits, ctypes.POINTER(ctypes.c_float))[0] = 0.5
    >>> CompiledNetwork(classes=("all",), shape=(1, 1, 1), _run=darkest).logits(np.zeros((1, 1, 1, 1), np.uint8))
    array([[0.5]], dtype=float32)

    Images have the size that the network sees, and come as they are: scaling is part of it.
    """

    classes: tuple[str, ...]
    shape: tuple[int, int, int]  # of an image
    _run: Callable[[int, int], None] = field(repr=False)
    _lock: Lock = field(repr=False, default_factory=Lock)  # maps lie in one static array

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The probability of each class for each image.

        Raises:
            FeatherboneError: images of another type or shape.
        """
        logits = self.logits(images)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        found: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return found

    def logits(self, images: np.ndarray) -> np.ndarray:
        """What the network answers before it becomes probabilities.

        Raises:
            FeatherboneError: images of another type or shape.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != self.shape:
            raise FeatherboneError(
                f"the images are {images.dtype} of shape {list(images.shape)}; the network takes uint8 of shape "
                f"[images, {', '.join(map(str, self.shape))}]",
            )
        given = np.ascontiguousarray(images)
        found = np.empty((len(given), len(self.classes)), np.float32)
        with self._lock:
            for place in range(len(given)):
                self._run(given[place].ctypes.data, found[place].ctypes.data)
        return found


def compile(model: Model | QuantizedModel | str | os.PathLike[str]) -> CompiledNetwork:
    """A model, or the file of one, compiled for this machine's processor.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> classify = compile(Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen))
    >>> classify(np.zeros((3, 8, 8, 1), np.uint8)).shape
    (3, 2)

    What was compiled once is kept in the cache, which only this user can write.

    Raises:
        FeatherboneError: no C compiler, or it fails; an operator that C does not hold; a file that is no model.
    """
    whole = load_model(model) if isinstance(model, (str, os.PathLike)) else model
    sources = to_c(whole)
    library = compiled_c({f"{sources.name}.c": sources.source, f"{sources.name}.h": sources.header})
    run = library[f"{sources.name}_logits"]
    run.argtypes, run.restype = [Pointer, Pointer], None
    seen = whole.preprocessing
    return CompiledNetwork(classes=whole.classes, shape=(seen.resolution, seen.resolution, seen.channels), _run=run)
