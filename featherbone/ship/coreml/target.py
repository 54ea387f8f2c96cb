"""Core ML: an ML program, converted by coremltools. Only Apple's systems run it, so here nobody compares it."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from featherbone.quantize import QuantizedModel
from featherbone.scratch import scratch
from featherbone.ship.onnx.target import outside_the_vocabulary
from featherbone.ship.promise import CLOSE, HALF_CLOSE
from featherbone.ship.quiet import quiet
from featherbone.ship.target import FLOAT16, FLOAT32, ExportForm, Shipped, Target

PACKAGE = "model.mlpackage"  # a folder, so it leaves as an archive
FILE = f"{PACKAGE}.zip"


def _write(model: Shipped, folder: Path, form: ExportForm) -> tuple[str, ...]:
    from featherbone.ship.coreml.convert import converted

    assert not isinstance(model, QuantizedModel), "it promises floats alone"
    with scratch() as made:
        with quiet():
            converted(model, form).save(str(made / PACKAGE))
        with ZipFile(folder / FILE, "w") as archive:
            for file in sorted(path for path in (made / PACKAGE).rglob("*") if path.is_file()):
                archive.write(file, file.relative_to(made))
    return (FILE,)


def _refusals(model: Shipped, form: ExportForm) -> tuple[str, ...]:
    channels = model.preprocessing.channels
    of_colours = form.takes_images and channels not in (1, 3)
    more = (f"an image of {channels} channels, and Core ML has images of 1 and 3",) if of_colours else ()
    return (*outside_the_vocabulary(model, form), *more)


TARGET = Target(
    name="coreml",
    words="Core ML, converted by coremltools, can't be run here",
    promises={FLOAT32: CLOSE, FLOAT16: HALF_CLOSE},
    extra="coreml",
    packages=("coremltools",),
    write=_write,
    open=None,
    refusals=_refusals,
)
