"""A shipped network at work: from image files to class names with probabilities, by either file that `fit` writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from featherbone.data.batches import normalise
from featherbone.data.decode import load_image
from featherbone.errors import FeatherboneError
from featherbone.files import MODELS, PACKED, opened, read_bytes
from featherbone.nn import Preprocessing

BATCH = 32


@dataclass(frozen=True, kw_only=True)
class ImagePrediction:
    """The most probable classes of one image, the best first: (name, probability).

    >>> ImagePrediction(path="cat.jpg", top=(("cat", 0.75), ("dog", 0.25))).top[0]
    ('cat', 0.75)
    """

    path: str
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A network, its classes and its preprocessing; ``logits`` maps float32 (N, C, H, W) to (N, classes).

    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> Classifier(classes=("cat", "dog"), preprocessing=seen, logits=lambda images: images[:, 0, 0, :2]).predict([])
    []
    """

    classes: tuple[str, ...]
    preprocessing: Preprocessing
    logits: Callable[[np.ndarray], np.ndarray]

    def predict(self, paths: Sequence[Path | str], *, top: int = 5) -> list[ImagePrediction]:
        """The ``top`` classes of each image file, prepared as in training.

        Raises:
            FeatherboneError: with the path, for a file that is missing or not an image; ``top`` below 1.
        """
        if top < 1:
            raise FeatherboneError(f"top is {top}; it must be at least 1")
        predictions: list[ImagePrediction] = []
        for start in range(0, len(paths), BATCH):
            batch = paths[start : start + BATCH]
            for path, row in zip(batch, self._probabilities(batch), strict=True):
                best = np.argsort(-row, kind="stable")[:top]
                predictions.append(
                    ImagePrediction(
                        path=str(path), top=tuple((self.classes[place], float(row[place])) for place in best)
                    )
                )
        return predictions

    def _probabilities(self, paths: Sequence[Path | str]) -> np.ndarray:
        settings = self.preprocessing
        images = [
            load_image(path, resolution=settings.resolution, channels=settings.channels, view=settings.view)
            for path in paths
        ]
        ready = normalise(np.stack(images), settings.mean, settings.std).contiguous().numpy()
        logits = self.logits(ready).astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return probabilities


def load_predictor(path: Path | str) -> Classifier:
    """The predictor in a ``.safetensors`` or ``.onnx`` file that featherbone wrote.

    >>> load_predictor("no/such/model.onnx")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: there is no model file no/such/model.onnx (...)

        load_predictor("model.onnx").predict(["cat.jpg"])[0].top[0]

    Raises:
        FeatherboneError: no such file, another kind of file, or one that is damaged or not ours.
    """
    path = Path(path)
    if path.is_dir():
        raise FeatherboneError(f"{path} is a folder", hint=f"name the model in it: {path / 'model.onnx'}")
    if not path.exists():
        raise FeatherboneError(f"there is no model file {path}", hint="fit writes model.safetensors and model.onnx")
    with opened(path) as file:
        start = file.read(9)
    if start[8:] == b"{" or path.suffix in MODELS or start.startswith(PACKED):  # a header in JSON, after its length
        return _from_model(path)
    if start[:1] == b"\x08" or path.suffix == ".onnx":  # the version of ONNX, the first field that is written
        return _from_onnx(path)
    raise FeatherboneError(
        f"{path} is neither safetensors, packed nor ONNX: it begins with {start!r}",
        hint="fit writes model.safetensors and model.onnx",
    )


def _from_model(path: Path) -> Classifier:
    import torch

    from featherbone.quantize import load_any

    model = load_any(path)
    module = model.module().eval()

    def logits(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            result: np.ndarray = module(torch.from_numpy(images)).numpy()
        return result

    return Classifier(classes=model.classes, preprocessing=model.preprocessing, logits=logits)


def _from_onnx(path: Path) -> Classifier:
    """The seal is checked before ONNX Runtime sees the file: what it is told to compute in advance may be anything."""
    from featherbone.measure.onnx_session import open_session
    from featherbone.nn.onnx_reader.load import LARGEST_FILE
    from featherbone.ship import metadata

    content = read_bytes(path, most=LARGEST_FILE)
    found = metadata.texts(path, content)
    classes, preprocessing = metadata.read(path, found)
    metadata.require_sealed(path, content, found)
    session = open_session(path)
    entry, result = session.get_inputs()[0], session.get_outputs()[0]
    wanted = [preprocessing.channels, preprocessing.resolution, preprocessing.resolution]
    if entry.shape[1:] != wanted or result.shape[1:] != [len(classes)]:
        raise FeatherboneError(
            f"{path} maps {entry.shape[1:]} to {result.shape[1:]}, but its metadata says {wanted} and {len(classes)} "
            "classes",
            hint="export the model again",
        )

    def logits(images: np.ndarray) -> np.ndarray:
        scores: np.ndarray = session.run([result.name], {entry.name: images})[0]
        return scores

    return Classifier(classes=classes, preprocessing=preprocessing, logits=logits)
