"""What a measuring process is asked to run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Job:
    """A file of one network, the runtime that runs it, on how many threads, with how many images at once.

    ``file`` is an ONNX file, or for torch a container of weights with the graph in its header.
    """

    runtime: str
    file: str
    threads: int
    batch: int
