"""A target as a value: a runtime that a network ships to, what it can hold, how it is written, run and trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.nn import Model
from featherbone.quantize import QuantizedModel
from featherbone.ship.promise import Promise

FLOAT32, FLOAT16, INT8 = PRECISIONS = ("float32", "float16", "int8")
TENSOR, IMAGE = INPUTS = ("tensor", "image")
Shipped = Model | QuantizedModel
Runner = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class ExportForm:
    """What is written of a network: in which precision, and what it takes and gives.

    >>> ExportForm(precision="int8").takes_images
    False

    A ``tensor`` is float32 (N, C, H, W), normalised, and the answer are logits (N, classes). An ``image`` is uint8
    (N, H, W, C) of the network's size, and the answer are probabilities, in float32 both times: scaling, normalisation
    and softmax are inside of what is written.
    """

    precision: str = FLOAT32
    input: str = TENSOR

    @property
    def takes_images(self) -> bool:
        """Whether it takes uint8 images and gives probabilities."""
        return self.input == IMAGE


@dataclass(frozen=True, kw_only=True)
class Script:
    """How a script of plain Python runs a target's file.

    >>> Script(packages=("onnxruntime",), imports="import onnxruntime", lines="answer = print").packages
    ('onnxruntime',)

    Fields:
        packages: what ``pip install`` needs besides NumPy and Pillow.
        imports: its lines of imports.
        lines: they define ``answer``, a function from a batch of one, as the export takes it, to an array (1, classes);
            ``HERE`` is the ``pathlib.Path`` of the folder that holds the file.
    """

    packages: tuple[str, ...]
    imports: str
    lines: str


def nothing_refused(model: Shipped, form: ExportForm) -> tuple[str, ...]:
    """What a target refuses that holds every network of the vocabulary."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Target:
    """A runtime that networks ship to.

    >>> from featherbone.ship.targets import find_target
    >>> target = find_target("onnx")
    >>> target.words, sorted(target.promises)
    ('ONNX, run by ONNX Runtime', ['float16', 'float32', 'int8'])

    Fields:
        name: as ``--to`` takes it.
        words: what it is, for people.
        promises: how near its outputs are to those of the network, by the precisions that it can hold. What they are
            compared with is ``featherbone.ship.reference``.
        extra: the extra of featherbone that installs what it needs.
        packages: the modules that must be importable, for writing and for running here.
        write: writes a network into an empty folder, and gives the names of the files, the one to open first. A float
            ``Model`` comes with float32 and float16, a ``QuantizedModel`` with int8, in a form that nothing of
            ``refusals`` speaks against. The files hold classes and preprocessing where the format has a place for it.
        open: the runner of a written file on so many threads: from a batch (N, …) as ``ExportForm`` says, of any N, to
            float32 (N, classes). None where it can't be run here.
        script: how plain Python runs it; None where that takes more than a package.
        inputs: what it can be written for, of ``INPUTS``.
        variants: other ways in which the runtime may compute a file of float32, as ``open``, by what they are called;
            they promise nothing.
        refusals: why a network can't be held in a form, a sentence each, with the names of nodes: before any work. A
            float ``Model`` comes with int8 as well, as it is to be quantized.
    """

    name: str
    words: str
    promises: Mapping[str, Promise]
    extra: str
    packages: tuple[str, ...]
    write: Callable[[Shipped, Path, ExportForm], tuple[str, ...]]
    open: Callable[[Path, ExportForm, int], Runner] | None
    script: Script | None = None
    inputs: tuple[str, ...] = INPUTS
    variants: Mapping[str, Callable[[Path, ExportForm, int], Runner]] = field(default_factory=dict)
    refusals: Callable[[Shipped, ExportForm], tuple[str, ...]] = nothing_refused

    def require_installed(self) -> None:
        """Raise FeatherboneError, with the line that installs it, where a package is absent."""
        absent = next((package for package in self.packages if find_spec(package.partition(".")[0]) is None), None)
        if absent is not None:
            raise FeatherboneError(
                f"{self.name} needs the package {absent}, which is not installed",
                hint=f"pip install 'featherbone[{self.extra}]'",
            )

    def require_holds(self, model: Shipped, form: ExportForm) -> None:
        """Raise FeatherboneError unless the target holds the network in this form.

        A float model may be asked for in int8, and is then to be quantized; the other way there is none.
        """
        if form.precision not in self.promises:
            raise FeatherboneError(
                f"{self.name} can't hold {form.precision}; it holds {', '.join(self.promises)}",
                hint=f"--precision {next(iter(self.promises))}",
            )
        if form.input not in self.inputs:
            raise FeatherboneError(
                f"{self.name} can't be written for --input {form.input}; it may be {', '.join(self.inputs)}"
            )
        if isinstance(model, QuantizedModel) and form.precision != INT8:
            raise FeatherboneError(
                f"{model.graph.name} is quantized, so it can't be exported in {form.precision}",
                hint="give the float model that it was made of, or --precision int8",
            )
        reasons = self.refusals(model, form)
        if reasons:
            more = f" ({len(reasons) - 1} more)" if len(reasons) > 1 else ""
            raise FeatherboneError(f"{self.name} can't hold {model.graph.name} in {form.precision}: {reasons[0]}{more}")
