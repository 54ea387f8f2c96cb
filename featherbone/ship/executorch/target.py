"""ExecuTorch, lowered to XNNPACK and run by its Python runtime."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError
from featherbone.quantize import QuantizedModel
from featherbone.ship.onnx.target import outside_the_vocabulary
from featherbone.ship.promise import CLOSE
from featherbone.ship.quiet import quiet
from featherbone.ship.target import FLOAT32, ExportForm, Runner, Script, Shipped, Target

FILE = "model.pte"


def _write(model: Shipped, folder: Path, form: ExportForm) -> tuple[str, ...]:
    from featherbone.ship.executorch.lower import lowered
    from featherbone.ship.metadata import describe
    from featherbone.ship.torch_program import exported_program

    assert not isinstance(model, QuantizedModel), "it promises floats alone"
    program = exported_program(model, from_pixels=form.takes_images, channels_last=form.takes_images)
    content = lowered(program, model.graph.name, json.dumps(describe(model), allow_nan=False))
    with write_atomically(folder / FILE) as file:
        file.write(content)
    return (FILE,)


def _open(file: Path, form: ExportForm, threads: int) -> Runner:
    import torch

    with quiet():
        from executorch.extension.pybindings.portable_lib import _unsafe_reset_threadpool
        from executorch.runtime import Runtime

        _unsafe_reset_threadpool(threads)
    try:
        with quiet():
            program = Runtime.get().load_program(file)
            method = program.load_method("forward")
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise FeatherboneError(f"{file} does not run: {reason}", hint="export the model again") from error

    def run(batch: np.ndarray) -> np.ndarray:
        assert program, "a method reads the memory of its program, which has to live as long"
        return np.concatenate([method.execute([torch.from_numpy(one[None].copy())])[0].numpy() for one in batch])

    return run


TARGET = Target(
    name="executorch",
    words="ExecuTorch with XNNPACK, run by its Python runtime",
    promises={FLOAT32: CLOSE},
    extra="executorch",
    packages=("executorch",),
    write=_write,
    open=_open,
    script=Script(
        packages=("executorch",),
        imports="import torch\nfrom executorch.runtime import Runtime",
        lines=f"""PROGRAM = Runtime.get().load_program(HERE / "{FILE}")  # lives as long as its method
METHOD = PROGRAM.load_method("forward")


def answer(batch):
    return METHOD.execute([torch.from_numpy(batch)])[0].numpy()""",
    ),
    refusals=outside_the_vocabulary,
)
