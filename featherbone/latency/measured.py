"""Kernels and networks measured in a fresh process, as far as the store does not know them yet."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.latency.store import Bench, Store
from featherbone.measure.environment import cpu_name
from featherbone.measure.process import Process, fresh_process
from featherbone.measure.runtimes.catalogue import require_runtime
from featherbone.nn import untrained_onnx
from featherbone.scratch import scratch

RUNTIME = "onnxruntime"  # the one whose kernels are known
TIMING = "featherbone.latency.timing"  # what the measuring process runs
TOGETHER = 32  # that are measured in turns, and written to the disk together
NETWORK = "network "  # before the text of one in a store

Said = Callable[[int, int], None]  # so many are measured, of so many


class Meter:
    """Measures on this machine with so many threads; the process starts with the first thing that must be measured.

        with Meter(folder, threads=1) as meter:
            meter.kernels(["add plain k1x1 s1x1 g1 in16x8x8 out16x8x8"])

    Raises:
        FeatherboneError: a runtime whose kernels are not known, or that is not installed.
    """

    def __init__(self, folder: Path, *, threads: int, runtime: str = RUNTIME) -> None:
        require_known(runtime)
        self._threads = threads
        self._stack = ExitStack()
        self._process: Process | None = None
        self._folder = self._stack.enter_context(scratch())
        block = int(self._call("block_size"))
        bench = Bench(cpu=cpu_name(), runtime=runtime, version=version(runtime), threads=threads, block=block)
        self.store = Store(folder, bench)

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *unused: object) -> None:
        self._stack.close()

    def kernels(self, texts: Sequence[str], said: Said | None = None, until: float = math.inf) -> Mapping[str, float]:
        """Seconds of each kernel; what is measured is kept as soon as it is.

        When the monotonic clock has come to ``until``, no more are begun, and the rest is left out.
        """
        return self._times(
            {text: text for text in texts},
            lambda batch: self._call("time_kernels", texts=batch, threads=self._threads, block=self.store.bench.block),
            said,
            until,
        )

    def networks(
        self, graphs: Mapping[str, Graph], said: Said | None = None, until: float = math.inf
    ) -> Mapping[str, float]:
        """Seconds of each network for one image, by its text; ``until`` as for kernels."""

        def measure(texts: Sequence[str]) -> list[float]:
            files = [self._folder / f"{number}.onnx" for number in range(len(texts))]
            for file, text in zip(files, texts, strict=True):
                file.write_bytes(untrained_onnx(graphs[text]).SerializeToString())
            return list(self._call("time_networks", files=list(map(str, files)), threads=self._threads))

        return self._times({text: NETWORK + text for text in graphs}, measure, said, until)

    def _times(
        self,
        keys: Mapping[str, str],
        measure: Callable[[Sequence[str]], Sequence[float]],
        said: Said | None,
        until: float,
    ) -> Mapping[str, float]:
        missing = [text for text, key in keys.items() if key not in self.store.known()]
        for start in range(0, len(missing), TOGETHER):
            if time.monotonic() >= until:
                break
            if said is not None:
                said(start, len(missing))
            batch = missing[start : start + TOGETHER]
            self.store.add({keys[text]: value for text, value in zip(batch, measure(batch), strict=True)})
        if said is not None and missing:
            said(len(missing), len(missing))
        return {text: self.store.known()[key] for text, key in keys.items() if key in self.store.known()}

    def _call(self, function: str, **options: Any) -> Any:
        if self._process is None:
            self._process = self._stack.enter_context(fresh_process(self._threads))
        return self._process.call(f"{TIMING}:{function}", **options)


def require_known(runtime: str) -> None:
    """Nothing, where latencies of a runtime can be predicted.

    >>> require_known("openvino")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: latency can be limited in onnxruntime, not in openvino (featherbone time \
measures in the others)

    Raises:
        FeatherboneError: as above; or the runtime is unknown or not installed.
    """
    if runtime != RUNTIME:
        raise FeatherboneError(
            f"latency can be limited in {RUNTIME}, not in {runtime}", hint="featherbone time measures in the others"
        )
    require_runtime(runtime)
