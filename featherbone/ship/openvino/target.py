"""OpenVINO IR: our ONNX read and saved by OpenVINO, which chooses nothing anew: integers stay on our grids.

Where the processor can, OpenVINO computes in bfloat16 or float16 what is written as float32, which is another network;
so whoever opens a file states the precision.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.ship.onnx.target import onnx_of, outside_the_vocabulary
from featherbone.ship.promise import A_STEP_APART, CLOSE
from featherbone.ship.target import FLOAT32, INT8, ExportForm, Runner, Script, Shipped, Target

FILE, WEIGHTS = "model.xml", "model.bin"
AS_WRITTEN = "f32"  # OpenVINO's hint; operators on integers stay integers


def _write(model: Shipped, folder: Path, form: ExportForm) -> tuple[str, ...]:
    import openvino

    ours = folder / "ours.onnx"
    ours.write_bytes(onnx_of(model, form).SerializeToString(deterministic=True))
    found = openvino.Core().read_model(ours)
    ours.unlink()
    for key, value in (("classes", model.classes), ("preprocessing", asdict(model.preprocessing))):
        found.set_rt_info(json.dumps(value), ["featherbone", key])
    openvino.save_model(found, folder / FILE, compress_to_fp16=False)
    return FILE, WEIGHTS


def _open(file: Path, form: ExportForm, threads: int) -> Runner:
    return opened(file, threads, AS_WRITTEN)


def _open_in_bfloat16(file: Path, form: ExportForm, threads: int) -> Runner:
    return opened(file, threads, "bf16")


def opened(file: Path, threads: int, precision: str) -> Runner:
    """The runner of a file in OpenVINO, with a hint of the precision that floats are computed in.

    Raises:
        FeatherboneError: OpenVINO can't read or run it.
    """
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
    try:
        request = openvino.Core().compile_model(str(file), "CPU", settings).create_infer_request()
    except RuntimeError as error:
        raise FeatherboneError(
            f"{file} is no model that OpenVINO can run: {str(error).strip().splitlines()[-1][:200]}",
            hint="export the model again",
        ) from error

    def run(batch: np.ndarray) -> np.ndarray:
        try:
            found: np.ndarray = np.array(next(iter(request.infer([batch]).values())))
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1][:200]
            raise FeatherboneError(f"{file} does not run: {reason}", hint="export the model again") from error
        return found

    return run


TARGET = Target(
    name="openvino",
    words="OpenVINO IR",
    promises={FLOAT32: CLOSE, INT8: A_STEP_APART},
    extra="openvino",
    packages=("onnx", "openvino"),
    write=_write,
    open=_open,
    script=Script(
        packages=("openvino",),
        imports="import openvino",
        lines=f"""# Without this hint OpenVINO computes in bfloat16 where the processor can.
MODEL = openvino.Core().compile_model(str(HERE / "{FILE}"), "CPU", {{"INFERENCE_PRECISION_HINT": "{AS_WRITTEN}"}})


def answer(batch):
    return MODEL([batch])[0]""",
    ),
    variants={"bfloat16": _open_in_bfloat16},
    refusals=outside_the_vocabulary,
)
