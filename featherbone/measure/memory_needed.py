"""What an ONNX file needs to run, by our own count, before a runtime sees it: a file of 112 bytes may ask for 40 GB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from featherbone.cost import count, peak_memory
from featherbone.errors import FeatherboneError
from featherbone.importing import read
from featherbone.measure.environment import memory
from featherbone.nn.onnx_reader.expansion import TooLarge
from featherbone.quantity import format_bytes

BYTES = 4  # of a number, as most runtimes compute


def require_memory(path: Path, inputs: Sequence[str] = (), batch: int = 1) -> None:
    """Refuse an ONNX file whose weights and activations are more than the memory that there is.

        require_memory(Path("model.onnx"))

    What cannot be counted is left to the runtime, which refuses what it cannot read.

    Raises:
        FeatherboneError: it needs more, or what no machine has.
    """
    try:
        graph = read(path, inputs=tuple(inputs) or None).graph
        needed = BYTES * count(graph).params + batch * peak_memory(graph).bytes
    except TooLarge:
        raise
    except FeatherboneError:
        return
    there = memory()
    if there and needed > there:
        raise FeatherboneError(
            f"{path} needs {format_bytes(needed)} to run, and there are {format_bytes(there)}",
            hint="featherbone cost shows where its activations are; give smaller sizes with --input",
        )
