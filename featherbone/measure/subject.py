"""What is to be timed, as files that a fresh process can read: ONNX, and for torch the graph with its weights."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.measure.runtimes.catalogue import require_runtime

if TYPE_CHECKING:
    import torch

    from featherbone.nn import Model


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network under its name, with the file for each runtime; ``graph`` is None for an ONNX file from elsewhere."""

    name: str
    graph: Graph | None
    files: Mapping[str, str]


@contextlib.contextmanager
def prepared(
    models: Sequence[Graph | Model | Path],
    runtimes: Sequence[str],
    *,
    progress: Callable[[str], None] | None = None,
) -> Iterator[tuple[Subject, ...]]:
    """The models as files for these runtimes, in a folder that goes with the block.

        with prepared([network("mobilenet_v2"), Path("model.onnx")], ["onnxruntime"]) as subjects:
            latencies = measure(subjects)

    A graph gets initial weights: these networks' times do not depend on the values, as long as none is denormal, and
    initial weights make none (looked for in nine networks of the zoo). ``progress`` hears what is done.

    Raises:
        FeatherboneError: no models, an unknown or absent runtime, a file that is missing, a network that cannot be
            exported or has several inputs, or an ONNX file for torch.
    """
    if not models:
        raise FeatherboneError("there is no model to time", hint="name at least one")
    for runtime in runtimes:
        require_runtime(runtime)
    say = progress or (lambda message: None)
    with tempfile.TemporaryDirectory(prefix="featherbone-") as folder:
        yield tuple(_subject(model, runtimes, Path(folder) / str(place), say) for place, model in enumerate(models))


def _subject(model: Graph | Model | Path, runtimes: Sequence[str], stem: Path, say: Callable[[str], None]) -> Subject:
    if isinstance(model, Path):
        return _foreign(model, runtimes)
    graph, weights = _graph_and_weights(model)
    _ = graph.input_shape  # several inputs: refused before the export
    files: dict[str, str] = {}
    if "torch" in runtimes:
        from featherbone.graph import to_json
        from featherbone.nn import write_tensors

        files["torch"] = f"{stem}.safetensors"
        write_tensors(files["torch"], weights, {"graph": to_json(graph)})
    if set(runtimes) - {"torch"}:
        from featherbone.nn.onnx_graph import to_onnx

        say(f"exporting {graph.name}")
        path = stem.with_suffix(".onnx")
        path.write_bytes(to_onnx(graph, weights).SerializeToString())
        files.update({runtime: str(path) for runtime in runtimes if runtime != "torch"})
    return Subject(name=graph.name, graph=graph, files=files)


def _foreign(path: Path, runtimes: Sequence[str]) -> Subject:
    if not path.is_file():
        raise FeatherboneError(f"there is no file {path}", hint="give the path of a model.onnx")
    if "torch" in runtimes:
        raise FeatherboneError(
            f"{path} is an ONNX file, which PyTorch does not run", hint="time it with --runtime onnxruntime,openvino"
        )
    return Subject(name=path.name, graph=None, files={runtime: str(path) for runtime in runtimes})


def _graph_and_weights(model: Graph | Model) -> tuple[Graph, Mapping[str, torch.Tensor]]:
    if isinstance(model, Graph):
        from featherbone.nn import module, weights_of

        return model, weights_of(module(model, seed=0))
    return model.graph, model.weights
