"""ONNX, written by us and run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.graph.operators import Opaque
from featherbone.quantize import QuantizedModel
from featherbone.ship.promise import A_STEP_APART, CLOSE, HALF_CLOSE
from featherbone.ship.target import FLOAT16, FLOAT32, INT8, ExportForm, Runner, Script, Shipped, Target

if TYPE_CHECKING:
    import onnx

FILE = "model.onnx"


def onnx_of(model: Shipped, form: ExportForm) -> onnx.ModelProto:
    """The network as ONNX in a form, without metadata."""
    from featherbone.nn import to_onnx
    from featherbone.quantize import to_qdq
    from featherbone.ship.onnx.from_images import from_images
    from featherbone.ship.onnx.half import in_half

    proto = to_qdq(model.network) if isinstance(model, QuantizedModel) else to_onnx(model.graph, model.weights)
    if form.precision == FLOAT16:
        proto = in_half(proto)
    return from_images(proto, model.preprocessing) if form.takes_images else proto


def _write(model: Shipped, folder: Path, form: ExportForm) -> tuple[str, ...]:
    import onnx

    from featherbone.ship.onnx_export import write_sealed

    proto = onnx_of(model, form)
    write_sealed(proto, model, folder / FILE)
    onnx.checker.check_model(onnx.load(folder / FILE), full_check=True)
    return (FILE,)


def _open(file: Path, form: ExportForm, threads: int) -> Runner:
    from featherbone.measure.onnx_session import open_session

    session = open_session(file, threads=threads)
    name = session.get_inputs()[0].name

    def run(batch: np.ndarray) -> np.ndarray:
        try:
            found: np.ndarray = session.run(None, {name: batch})[0]
        except Exception as error:  # ONNX Runtime raises a dozen types without a common base of its own
            reason = str(error).strip().splitlines()[0][:200]
            raise FeatherboneError(f"{file} does not run: {reason}", hint="export the model again") from error
        return found

    return run


def outside_the_vocabulary(model: Shipped, form: ExportForm) -> tuple[str, ...]:
    """A sentence for each node that no writer of ours knows."""
    nodes: list[Any] = [node for node in model.graph.nodes if isinstance(node.operator, Opaque)]
    return tuple(f"{node.name}: {node.operator.describe()} is outside the vocabulary" for node in nodes)


TARGET = Target(
    name="onnx",
    words="ONNX, run by ONNX Runtime",
    promises={FLOAT32: CLOSE, FLOAT16: HALF_CLOSE, INT8: A_STEP_APART},
    extra="fit",
    packages=("onnx", "onnxruntime"),
    write=_write,
    open=_open,
    script=Script(
        packages=("onnxruntime",),
        imports="import onnxruntime",
        lines=f"""SESSION = onnxruntime.InferenceSession(str(HERE / "{FILE}"))


def answer(batch):
    return SESSION.run(None, {{SESSION.get_inputs()[0].name: batch}})[0]""",
    ),
    refusals=outside_the_vocabulary,
)
