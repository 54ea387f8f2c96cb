"""A shipped network at work: from image files to class names with probabilities, by any file that is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featherbone.data.decode import load_image
from featherbone.errors import FeatherboneError
from featherbone.files import MODELS, PACKED, opened, read_bytes
from featherbone.nn import Preprocessing
from featherbone.ship.exported import RECORD, ExportRecord, is_exported, read_exported
from featherbone.ship.promise import LEAST, log_probabilities
from featherbone.ship.reference import outputs_of, prepared_images
from featherbone.ship.target import IMAGE, TENSOR, ExportForm, Runner

BATCH = 32
LITE = b"TFL3"  # of a TensorFlow Lite file, after its first four bytes


@dataclass(frozen=True, kw_only=True)
class ImagePrediction:
    """The most probable classes of one image, the best first: (name, probability).

    >>> ImagePrediction(path="cat.jpg", top=(("cat", 0.75), ("dog", 0.25))).top[0]
    ('cat', 0.75)
    """

    path: str
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class UnreadImage:
    """A file that is missing or no image; ``reason`` is a sentence that holds its path.

    >>> UnreadImage(path="notes.jpg", reason="notes.jpg: is empty").reason
    'notes.jpg: is empty'
    """

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A network, its classes and its preprocessing.

    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> equal = lambda images: np.log(np.full((len(images), 2), 0.5))
    >>> Classifier(classes=("cat", "dog"), preprocessing=seen, log_probabilities=equal).predict([])
    []

    ``log_probabilities`` maps uint8 images (N, H, W, C) of the network's size to the logarithms of probabilities
    (N, classes). ``trained_on`` is the name of the data, where the file says it.
    """

    classes: tuple[str, ...]
    preprocessing: Preprocessing
    log_probabilities: Callable[[np.ndarray], np.ndarray]
    trained_on: str = ""

    def predict(self, paths: Sequence[Path | str], *, top: int = 5) -> list[ImagePrediction]:
        """The ``top`` classes of each image file, prepared as in training.

        Raises:
            FeatherboneError: with the path, for a file that is missing or not an image; ``top`` below 1.
        """
        found: list[ImagePrediction] = []
        for each in self.predict_each(paths, top=top):
            if isinstance(each, UnreadImage):
                raise FeatherboneError(each.reason)
            found.append(each)
        return found

    def predict_each(self, paths: Sequence[Path | str], *, top: int = 5) -> Iterator[ImagePrediction | UnreadImage]:
        """The same one after the other, where a file that is no image only fails itself.

        Raises:
            FeatherboneError: ``top`` below 1.
        """
        if top < 1:
            raise FeatherboneError(f"top is {top}; it must be at least 1")
        for start in range(0, len(paths), BATCH):
            batch = [str(path) for path in paths[start : start + BATCH]]
            read = [self._read(path) for path in batch]
            images = [image for image in read if isinstance(image, np.ndarray)]
            rows = iter(np.exp(self.log_probabilities(np.stack(images))) if images else ())
            for path, image in zip(batch, read, strict=True):
                yield image if isinstance(image, UnreadImage) else self._named(path, next(rows), top)

    def _read(self, path: str) -> np.ndarray | UnreadImage:
        seen = self.preprocessing
        try:
            return load_image(path, resolution=seen.resolution, channels=seen.channels, view=seen.view)
        except FeatherboneError as error:
            return UnreadImage(path=path, reason=error.sentence)

    def _named(self, path: str, row: np.ndarray, top: int) -> ImagePrediction:
        best = np.argsort(-row, kind="stable")[:top]
        return ImagePrediction(path=path, top=tuple((self.classes[place], float(row[place])) for place in best))


def load_predictor(path: Path | str) -> Classifier:
    """The predictor in a file of ours: ``.safetensors``, ``.fbone``, ``.onnx``, ``.tflite``, or an export's folder.

    >>> load_predictor("no/such/model.onnx")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: there is no model file no/such/model.onnx (...)

        load_predictor("model.onnx").predict(["cat.jpg"])[0].top[0]

    Raises:
        FeatherboneError: no such file, another kind of file, or one that is damaged or not ours.
    """
    path = Path(path)
    if path.is_dir() and (path / RECORD).is_file():
        return _from_export(path)
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
    if start[4:8] == LITE:
        return _from_tflite(path)
    if is_exported(path):
        return _from_export(path)
    raise FeatherboneError(
        f"{path} is neither safetensors, packed, ONNX nor TensorFlow Lite: it begins with {start!r}",
        hint="fit writes model.safetensors and model.onnx",
    )


def _from_model(path: Path) -> Classifier:
    import torch

    from featherbone.quantize import load_model

    model = load_model(path)
    module, seen = model.module().eval(), model.preprocessing

    def answer(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return log_probabilities(module(prepared_images(images, seen)).numpy())

    trained_on = data_name(model.provenance)
    return Classifier(classes=model.classes, preprocessing=seen, log_probabilities=answer, trained_on=trained_on)


def _from_export(path: Path) -> Classifier:
    exported = read_exported(path)
    return classifier_of(exported.record, exported.open())


def classifier_of(record: ExportRecord, run: Runner) -> Classifier:
    """The classifier of an export, by what runs it."""

    def answer(images: np.ndarray) -> np.ndarray:
        return _logarithms(outputs_of(run, record.form, record.preprocessing, images), record.form)

    return Classifier(classes=record.classes, preprocessing=record.preprocessing, log_probabilities=answer)


def _from_tflite(path: Path) -> Classifier:
    from featherbone.ship.tflite import open_tflite

    program = open_tflite(path)
    form, seen = ExportForm(input=program.takes), program.preprocessing

    def answer(images: np.ndarray) -> np.ndarray:
        return _logarithms(outputs_of(program.answers, form, seen, images), form)

    return Classifier(
        classes=program.classes, preprocessing=seen, log_probabilities=answer, trained_on=data_name(program.provenance)
    )


def data_name(provenance: Mapping[str, Any]) -> str:
    """The name of the data that a network was trained on, by its provenance, or that of what it was made of; or "".

    >>> data_name({"whole": {"data": {"name": "flowers"}}})
    'flowers'
    """
    data = provenance.get("data")
    if isinstance(data, dict) and isinstance(data.get("name"), str):
        return str(data["name"])
    whole = provenance.get("whole")
    return data_name(whole) if isinstance(whole, dict) else ""


def _logarithms(found: np.ndarray, form: ExportForm) -> np.ndarray:
    """The logarithms of probabilities out of what a form gives."""
    if not form.takes_images:
        return log_probabilities(found)
    shares: np.ndarray = np.log(np.maximum(found.astype(np.float64), LEAST))
    return shares


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
    form = ExportForm(input=IMAGE if entry.type == "tensor(uint8)" else TENSOR)
    side, channels = preprocessing.resolution, preprocessing.channels
    wanted = [side, side, channels] if form.takes_images else [channels, side, side]
    if entry.shape[1:] != wanted or result.shape[1:] != [len(classes)]:
        raise FeatherboneError(
            f"{path} maps {entry.shape[1:]} to {result.shape[1:]}, but its metadata says {wanted} and {len(classes)} "
            "classes",
            hint="export the model again",
        )

    def run(batch: np.ndarray) -> np.ndarray:
        scores: np.ndarray = session.run([result.name], {entry.name: batch})[0]
        return scores

    def answer(images: np.ndarray) -> np.ndarray:
        return _logarithms(outputs_of(run, form, preprocessing, images), form)

    trained_on = data_name(metadata.read_provenance(found))
    return Classifier(classes=classes, preprocessing=preprocessing, log_probabilities=answer, trained_on=trained_on)
