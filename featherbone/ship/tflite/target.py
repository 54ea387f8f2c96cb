"""TensorFlow Lite, written by us and run by ai-edge-litert."""

from __future__ import annotations

from pathlib import Path

from featherbone.atomic import write_atomically
from featherbone.ship.promise import A_STEP_APART, CLOSE, HALF_CLOSE
from featherbone.ship.target import FLOAT16, FLOAT32, INT8, ExportForm, Runner, Script, Shipped, Target
from featherbone.ship.tflite.holds import lite_refusals
from featherbone.ship.tflite.schema import RUNTIME

FILE = "model.tflite"


def _write(model: Shipped, folder: Path, form: ExportForm) -> tuple[str, ...]:
    from featherbone.ship.tflite.export import to_tflite

    content = to_tflite(model, form)
    with write_atomically(folder / FILE) as file:
        file.write(content)
    return (FILE,)


def _open(file: Path, form: ExportForm, threads: int) -> Runner:
    from featherbone.ship.tflite.program import open_tflite

    return open_tflite(file, threads=threads).answers


TARGET = Target(
    name="tflite",
    words="TensorFlow Lite, run by ai-edge-litert",
    promises={FLOAT32: CLOSE, FLOAT16: HALF_CLOSE, INT8: A_STEP_APART},
    extra="tflite",
    packages=(RUNTIME, "flatbuffers"),
    write=_write,
    open=_open,
    script=Script(
        packages=("ai-edge-litert",),
        imports="from ai_edge_litert.interpreter import Interpreter",
        lines=f"""RUN = Interpreter(str(HERE / "{FILE}")).get_signature_runner()


def answer(batch):
    laid = batch if batch.dtype.name == "uint8" else batch.transpose(0, 2, 3, 1)  # channels last
    (found,) = RUN(image=laid).values()
    return found""",
    ),
    refusals=lite_refusals,
)
