"""What is to be timed, as files that a fresh process can read: ONNX, and for torch the graph with its weights."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.errors import FeatherboneError
from featherbone.files import require_regular
from featherbone.graph import Graph
from featherbone.graph.operators import Opaque
from featherbone.measure.memory_needed import require_memory
from featherbone.measure.runtimes.catalogue import require_runtime
from featherbone.measure.runtimes.workload import Workload
from featherbone.scratch import scratch

if TYPE_CHECKING:
    from featherbone.nn import Model
    from featherbone.quantize import QuantizedModel


@dataclass(frozen=True, kw_only=True)
class OnnxFile:
    """An ONNX file, and what its inputs are where it leaves their sizes open, as the command line takes it."""

    path: Path
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Built:
    """A module that a function builds, as ``file.py:function`` names it, what it is called with, and its graph."""

    target: str
    inputs: tuple[str, ...]
    graph: Graph


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network under its name, with the file for each runtime; ``graph`` is None for an ONNX file from elsewhere.

    >>> subject = Subject(name="tiny", graph=None, files={"onnxruntime": "tiny.onnx"})
    >>> subject.job(runtime="onnxruntime", threads=1, batch=None).batch
    1

    ``batch`` is what an ONNX file was exported for, where that is fixed; ``built``, ``inputs`` and ``sizes`` are a
    ``Workload``'s.
    """

    name: str
    graph: Graph | None
    files: Mapping[str, str]
    batch: int | None = None
    built: bool = False
    inputs: tuple[str, ...] = ()
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def job(self, *, runtime: str, threads: int, batch: int | None, precision: str = "float32") -> Workload:
        """What a measuring process is asked: the batch that is given, else the file's own, else one image."""
        return Workload(
            runtime=runtime,
            file=self.files[runtime],
            threads=threads,
            batch=batch or self.batch or 1,
            built=self.built and runtime == "torch",
            inputs=self.inputs,
            sizes=self.sizes,
            precision=precision,
        )


@contextlib.contextmanager
def prepared(
    models: Sequence[Graph | Model | QuantizedModel | Path | OnnxFile | Built],
    runtimes: Sequence[str],
    *,
    progress: Callable[[str], None] | None = None,
) -> Iterator[tuple[Subject, ...]]:
    """The models as files for these runtimes, in a folder that goes with the block.

    >>> from featherbone.graph import image
    >>> with prepared([image(3, 8).conv(4, 3).graph("tiny")], ["onnxruntime"]) as (subject,):
    ...     subject.name, list(subject.files)
    ('tiny', ['onnxruntime'])

        with prepared([network("mobilenet_v2"), Path("model.onnx")], ["onnxruntime"]) as subjects:
            latencies = measure(subjects)

    A graph gets initial weights: these networks' times do not depend on the values, as long as none is denormal, and
    initial weights make none (looked for in nine networks of the zoo). ``progress`` hears what is done.

    Raises:
        FeatherboneError: no models, an unknown or absent runtime, a file that is missing, a network that cannot be
            exported or has several inputs, an ONNX file for torch, or a module from elsewhere for another runtime.
    """
    if not models:
        raise FeatherboneError("there is no model to time", hint="name at least one")
    for runtime in runtimes:
        require_runtime(runtime)
    say = progress or (lambda message: None)
    with scratch() as folder:
        yield tuple(_subject(model, runtimes, folder / str(place), say) for place, model in enumerate(models))


def _subject(
    model: Graph | Model | QuantizedModel | Path | OnnxFile | Built,
    runtimes: Sequence[str],
    stem: Path,
    say: Callable[[str], None],
) -> Subject:
    if isinstance(model, Path):
        model = OnnxFile(path=model)
    if isinstance(model, OnnxFile):
        return _foreign(model, runtimes)
    if isinstance(model, Built):
        if not _ours(model.graph):
            return _module(model, runtimes, stem, say)
        model = model.graph
    if isinstance(model, Graph):
        from featherbone.nn.initialise import initial_weights

        graph, weights = model, initial_weights(model, seed=0)
    else:
        from featherbone.quantize import QuantizedModel

        if isinstance(model, QuantizedModel):
            return _quantized(model, runtimes, stem)
        graph, weights = model.graph, dict(model.weights)
    _ = graph.input_shape  # several inputs: refused before the export
    files: dict[str, str] = {}
    if "torch" in runtimes:
        from featherbone.graph import to_json
        from featherbone.nn import write_tensors

        files["torch"] = f"{stem}.safetensors"
        write_tensors(files["torch"], weights, {"graph": to_json(graph)})
    if set(runtimes) - {"torch"}:
        from featherbone.nn import to_onnx

        say(f"exporting {graph.name}")
        path = stem.with_suffix(".onnx")
        path.write_bytes(to_onnx(graph, weights).SerializeToString())
        files.update({runtime: str(path) for runtime in runtimes if runtime != "torch"})
    return Subject(name=graph.name, graph=graph, files=files)


def _ours(graph: Graph) -> bool:
    """Whether our vocabulary computes a graph: then its weights and its operators have our names."""
    return len(graph.inputs) == 1 and not any(isinstance(node.operator, Opaque) for node in graph.nodes)


def _module(model: Built, runtimes: Sequence[str], stem: Path, say: Callable[[str], None]) -> Subject:
    """A module as it is, for PyTorch; other runtimes have no file of it."""
    others = [runtime for runtime in runtimes if runtime != "torch"]
    if others:
        outside = next((node for node in model.graph.nodes if isinstance(node.operator, Opaque)), None)
        what = f"{len(model.graph.inputs)} inputs"
        if outside is not None:
            what = f"{outside.name}, {outside.operator.describe()}, which is outside the vocabulary"
        raise FeatherboneError(
            f"{model.graph.name} has {what}; so it is not written as ONNX, and {others[0]} cannot run it",
            hint="time the module itself with --runtime torch, or export it yourself and time the ONNX file",
        )
    name, files = model.graph.name, {"torch": model.target}
    return Subject(name=name, graph=None, files=files, built=True, inputs=model.inputs)


def _foreign(model: OnnxFile, runtimes: Sequence[str]) -> Subject:
    from featherbone.nn.onnx_reader.load import LARGEST_FILE

    path = model.path
    if not path.exists():
        raise FeatherboneError(f"there is no file {path}", hint="give the path of a model.onnx")
    require_regular(path, most=LARGEST_FILE)
    if "torch" in runtimes:
        raise FeatherboneError(
            f"{path} is an ONNX file, which PyTorch does not run", hint="time it with --runtime onnxruntime,openvino"
        )
    files, (batch, sizes) = {runtime: str(path) for runtime in runtimes}, _inputs(model)
    require_memory(path, model.inputs, batch or 1)
    return Subject(name=path.name, graph=None, files=files, batch=batch, sizes=sizes)


def _quantized(model: QuantizedModel, runtimes: Sequence[str], stem: Path) -> Subject:
    """The network with its integers, which PyTorch has no layers for."""
    from featherbone.quantize import to_qdq

    if "torch" in runtimes:
        raise FeatherboneError(
            f"{model.graph.name} is quantized, which PyTorch does not run as such",
            hint="time it with --runtime onnxruntime,openvino",
        )
    path = stem.with_suffix(".onnx")
    path.write_bytes(to_qdq(model.network).SerializeToString())
    return Subject(name=model.graph.name, graph=model.graph, files={runtime: str(path) for runtime in runtimes})


def _inputs(model: OnnxFile) -> tuple[int | None, dict[str, tuple[int, ...]]]:
    """The batch that an ONNX file was exported for, where it is fixed, and the inputs' shapes where sizes are given."""
    from featherbone.nn.input_text import parsed
    from featherbone.nn.onnx_reader.load import load
    from featherbone.nn.onnx_reader.open_sizes import OpenSizes

    try:
        graph = load(model.path).graph
    except FeatherboneError:
        return None, {}  # what a runtime cannot read, it refuses itself
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [info for info in graph.input if info.name not in weights and info.type.HasField("tensor_type")]
    firsts = [info.type.tensor_type.shape.dim[0].dim_value for info in inputs if info.type.tensor_type.shape.dim]
    batch = firsts[0] if firsts and firsts[0] > 1 else None
    if not model.inputs:
        return batch, {}
    given, named = parsed(model.inputs)
    sizes = OpenSizes(inputs, given, named)
    return batch, {info.name: sizes.filled(info) for info in inputs}
