"""A TensorFlow Lite file of ours at work, by ai-edge-litert on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.files import read_bytes
from featherbone.nn import Preprocessing
from featherbone.ship import metadata
from featherbone.ship.quiet import quiet
from featherbone.ship.tflite.target import TARGET
from featherbone.ship.tflite.texts import INPUT, lite_texts

LARGEST_FILE = 2**31


@dataclass(frozen=True, kw_only=True)
class LiteProgram:
    """A file that was opened: what it takes, its classes, and what runs it.

    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> LiteProgram(takes="tensor", classes=("a",), preprocessing=seen, answers=lambda images: images).takes
    'tensor'

    ``answers`` maps float32 images (N, channels, height, width), normalised, to logits (N, classes) where the file
    takes a ``tensor``, and uint8 images (N, height, width, channels) to probabilities where it takes an ``image``.
    ``provenance`` says where the model came from.
    """

    takes: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    answers: Callable[[np.ndarray], np.ndarray]
    provenance: Mapping[str, Any] = field(default_factory=dict)


def open_tflite(path: Path | str, *, threads: int = 1) -> LiteProgram:
    """Open a file of ours, whatever it takes, on ``threads`` threads.

    >>> open_tflite("no/such/model.tflite")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: ...

        open_tflite("model.tflite").answers(images)

    Its checksum is read before a runtime sees it.

    Raises:
        FeatherboneError: ai-edge-litert is not installed; no such file; one that is damaged, or not ours; one that the
            runtime can't run.
    """
    TARGET.require_installed()
    if threads < 1:
        raise FeatherboneError(f"threads is {threads}; it must be at least 1")
    content = read_bytes(path, most=LARGEST_FILE)
    if content[4:8] != b"TFL3":
        raise FeatherboneError(
            f"{path} is not a TensorFlow Lite file: it begins with {content[:8]!r}", hint="name a .tflite file"
        )
    texts = lite_texts(path, content)
    classes, preprocessing = metadata.read(path, texts)
    answers = runner(path, content, threads=threads, channels_first=texts[INPUT] == "tensor")
    return LiteProgram(
        takes=texts[INPUT],
        classes=classes,
        preprocessing=preprocessing,
        answers=answers,
        provenance=metadata.read_provenance(texts),
    )


def runner(
    path: object, content: bytes, *, threads: int = 1, channels_first: bool = False
) -> Callable[[np.ndarray], np.ndarray]:
    """A function that runs a file of one input and one output on images, one after the other.

    Raises:
        FeatherboneError: no model that ai-edge-litert can run.
    """
    try:
        with quiet():
            interpreter = _interpreter(content, threads)
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FeatherboneError(
            f"{path} is not a model that ai-edge-litert can run: {reason}", hint="export the model again"
        ) from error
    (entry,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    wanted, kind = tuple(int(size) for size in entry["shape"][1:]), np.dtype(entry["dtype"])

    def run(images: np.ndarray) -> np.ndarray:
        laid = np.moveaxis(images, 1, -1) if channels_first and images.ndim == 4 else images
        if laid.shape[1:] != wanted or laid.dtype != kind:
            raise FeatherboneError(
                f"{path} got {images.dtype} images of shape {list(images.shape)}; it takes {kind} (N, "
                f"{', '.join(map(str, wanted))})"
            )
        found = np.empty((len(laid), *(int(size) for size in result["shape"][1:])), dtype=result["dtype"])
        for number, one in enumerate(laid):
            interpreter.set_tensor(entry["index"], np.ascontiguousarray(one[None]))
            interpreter.invoke()
            found[number] = interpreter.get_tensor(result["index"])[0]
        return found

    return run


def _interpreter(content: bytes, threads: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    made = Interpreter(model_content=content, num_threads=threads)
    made.allocate_tensors()
    return made
