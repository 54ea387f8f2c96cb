"""A PyTorch module from elsewhere as an ONNX file, where the vocabulary covers what it computes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import nn

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.importing import Inputs, read
from featherbone.measure.onnx_session import open_session
from featherbone.nn import to_onnx
from featherbone.nn.capture.structure import each_tensor
from featherbone.nn.onnx_writer import require_writable
from featherbone.scratch import scratch
from featherbone.ship.verify import compared

BATCH = 2


def export_module(net: nn.Module, path: Path | str, input_size: Any = None, *, inputs: Inputs | None = None) -> Graph:
    """Write ``net`` with its weights as ONNX; the graph that it was read as.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/mine.onnx"
    >>> export_module(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), path, (3, 8, 8)).output_shape
    (4, 6, 6)

    ``input_size`` and ``inputs`` are those of ``featherbone.read_model``. The file is written as ``to_onnx`` says, and
    kept only where ONNX Runtime computes on noise what the module computes in evaluation mode, as `verify_onnx` allows:
    what the graph does not know of a module shows there. The module itself is not changed.

    Raises:
        FeatherboneError: an operator outside the vocabulary, with its name; weights that are not in the module's state
            dict under the names of its layers, or not float32; another result than the module's; a file that cannot be
            written.
    """
    graph = read(net, input_size, inputs=inputs).graph
    require_writable(graph)
    content = to_onnx(graph, _weights(net, graph)).SerializeToString(deterministic=True)
    with scratch() as folder:
        file = folder / "module.onnx"
        file.write_bytes(content)
        _require_same(net, graph, file)
    with write_atomically(path) as opened:
        opened.write(content)
    return graph


def _weights(net: nn.Module, graph: Graph) -> dict[str, torch.Tensor]:
    """The module's weights by the graph's names, which are those of its layers."""
    state, wanted = net.state_dict(), {**graph.parameters(), **graph.buffers()}
    absent = next((name for name in wanted if name not in state), None)
    if absent is not None:
        raise FeatherboneError(
            f"{graph.name} has no {absent} in its state dict: {absent.rpartition('.')[0]} reads weights that stand in "
            "no layer of that name",
            hint="hold them in a layer of torch.nn inside the module",
        )
    return {name: state[name].detach() for name in wanted}


def _require_same(net: nn.Module, graph: Graph, file: Path) -> None:
    """Raise unless the file computes what the module does, on noise."""
    draw = torch.Generator().manual_seed(0)
    noise = [torch.randn(BATCH, *node.shape, generator=draw) for node in graph.inputs]
    session = open_session(file)
    names = [entry.name for entry in session.get_inputs()]
    found = session.run(None, dict(zip(names, (value.numpy() for value in noise), strict=True)))
    with torch.inference_mode():
        expected = list(each_tensor(copy.deepcopy(net).cpu().eval()(*noise)))
    if len(expected) != len(found):
        raise FeatherboneError(
            f"{graph.name} returns {len(expected)} tensors and the file {len(found)}",
            hint="let the module return tensors that differ",
        )
    for ours, theirs in zip(expected, found, strict=True):
        verdict = compared(ours.numpy(), theirs)
        if not verdict.passed:
            raise FeatherboneError(
                f"{graph.name} computes something that its graph does not say: the file's results differ by up to "
                f"{verdict.largest_difference} from the module's (allowed is {verdict.allowed:.3g})",
                hint="export it with torch.onnx.export, and compare that",
            )
