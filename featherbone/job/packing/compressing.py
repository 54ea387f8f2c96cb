"""What Deep Compression would make of a network: sizes after each of its stages, and how the network answers then."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from featherbone.job.packing.judge import AnswersKept, Judge, judged_facts
from featherbone.job.packing.plan import open_for, read_folded
from featherbone.job.packing.request import DEEP_COMPRESSION, PackRequest
from featherbone.pack.deep_compression.network import DeepCompressed, deep_compressed
from featherbone.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class DeepCompressionReport:
    """The network by Deep Compression; ``tested`` is how it answers on the test images, where images are given."""

    found: DeepCompressed
    tested: AnswersKept | None

    def facts(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        sizes = {stage: self.found.size(stage) for stage in ("float_bytes", "pruned", "shared", "coded")}
        return {
            "method": DEEP_COMPRESSION,
            "float32_bytes": sizes["float_bytes"],
            "pruned_bytes": sizes["pruned"],
            "shared_bytes": sizes["shared"],
            "coded_bytes": sizes["coded"],
            "ratio": sizes["float_bytes"] / sizes["coded"],
            "plain_bytes": self.found.plain,
            "layers": [asdict(layer) for layer in self.found.layers],
            "test": None if self.tested is None else judged_facts(self.tested),
        }


def report_deep_compression(request: PackRequest, progress: Progress = silent) -> DeepCompressionReport:
    """Compress a trained network as published, without training, and say what that takes; nothing is written.

        report_deep_compression(PackRequest(model="model.safetensors", method="deep-compression", keep=0.33, bits=6))

    Raises:
        FeatherboneError: no model or data; a network without weights, or with some that are no numbers.
    """
    model, network = read_folded(request.model)
    found = deep_compressed(network, keep=request.keep, threshold=request.threshold, bits=request.bits)
    if request.source is None:
        return DeepCompressionReport(found=found, tested=None)
    dataset = open_for(model, request, request.source, progress)
    tested = Judge(model, network, dataset, "test").verdict(found.network)
    return DeepCompressionReport(found=found, tested=tested)
