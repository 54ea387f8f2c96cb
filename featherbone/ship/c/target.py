"""C as a target: one file and one header, compiled by this machine's compiler to be run here."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import numpy as np

from featherbone.compiled import compiled_c
from featherbone.errors import FeatherboneError
from featherbone.files import read_text
from featherbone.quantize import QuantizedModel
from featherbone.ship.c.held import refusals_of
from featherbone.ship.promise import CLOSE, EXACT
from featherbone.ship.target import FLOAT32, INT8, ExportForm, Runner, Shipped, Target


def _write(model: Shipped, folder: Path, form: ExportForm) -> tuple[str, ...]:
    from featherbone.ship.c.model import to_c

    sources = to_c(model)
    names = (f"{sources.name}.c", f"{sources.name}.h")
    for name, text in zip(names, (sources.source, sources.header), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    return names


def _open(file: Path, form: ExportForm, threads: int) -> Runner:
    """``threads`` changes nothing: the code runs on one."""
    header = file.with_suffix(".h")
    texts = {each.name: read_text(each) for each in (file, header)}
    found = re.search(r"^#define \w+_ANSWERS (\d+)$", texts[header.name], re.MULTILINE)
    if found is None:
        raise FeatherboneError(f"{header} is no header of ours", hint="export the model again")
    answers, library = int(found[1]), compiled_c(texts)
    door = library[f"{file.stem}_{'classify' if form.takes_images else 'numbers'}"]
    door.argtypes = [ctypes.c_void_p, ctypes.c_void_p]

    def run(batch: np.ndarray) -> np.ndarray:
        given = batch if form.takes_images else np.moveaxis(batch, 1, -1)
        given = np.ascontiguousarray(given, np.uint8 if form.takes_images else np.float32)
        written = np.empty((len(given), answers), np.float32)
        for image, answer in zip(given, written, strict=True):
            door(image.ctypes.data, answer.ctypes.data)
        return written

    return run


def _refusals(model: Shipped, form: ExportForm) -> tuple[str, ...]:
    network = model.network if isinstance(model, QuantizedModel) else None
    return refusals_of(model.graph, network, in_integers=form.precision == INT8)


TARGET = Target(
    name="c",
    words="C99, one file and one header, compiled here",
    promises={FLOAT32: CLOSE, INT8: EXACT},
    extra="fit",
    packages=(),
    write=_write,
    open=_open,
    refusals=_refusals,
)
