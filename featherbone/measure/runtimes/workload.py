"""What a measuring process is asked to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A network, the runtime that runs it, on how many threads, with how many images at once.

    Fields:
        file: an ONNX file; for torch a container of weights with the graph in its header, or, where ``built``, the
            function that builds the module, as ``file.py:function`` names it.
        inputs: what the module is called with, as the command line takes it; one image where there are none.
        sizes: for an ONNX file the whole shapes of inputs that it leaves open.
        precision: what OpenVINO may compute float32 in: float32, or bfloat16.
        opener: the function that loads it, as ``package.module:name``, where its runtime is none of this package;
            ``runtime`` is then a word for people.
    """

    runtime: str
    file: str
    threads: int
    batch: int
    built: bool = False
    inputs: tuple[str, ...] = ()
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    precision: str = "float32"
    opener: str = ""
