"""A program of ``torch.export`` handed to XNNPACK, as the bytes of an ExecuTorch file."""

from __future__ import annotations

import torch
from torch.fx import GraphModule

from featherbone.errors import FeatherboneError
from featherbone.ship.quiet import quiet

DELEGATE = "executorch_call_delegate"


def lowered(program: torch.export.ExportedProgram, name: str, text: str) -> bytes:
    """The file of a network of this name; its method ``featherbone`` gives the ``text``.

        lowered(exported_program(model), "tiny", "{}")

    Raises:
        FeatherboneError: XNNPACK takes nothing of it.
    """
    with quiet():
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower

        edge = to_edge_transform_and_lower(
            program, partitioner=[XnnpackPartitioner()], constant_methods={"featherbone": text}
        )
        require_delegated(edge.exported_program().graph_module, name)
        return bytes(edge.to_executorch().buffer)


def require_delegated(module: GraphModule, name: str) -> None:
    """Raise unless a part of the program is handed to a delegate.

    Raises:
        FeatherboneError: all of it would be computed by ExecuTorch's portable kernels, which are slow loops.
    """
    called = [node for node in module.graph.nodes if node.op == "call_function"]
    if not any(getattr(node.target, "__name__", "") == DELEGATE for node in called):
        raise FeatherboneError(
            f"XNNPACK takes none of the {len(called)} operators of {name}, so that ExecuTorch has slow loops alone",
            hint="export it to onnx or tflite",
        )
