"""All that decides the result of a quantization: what was asked, the network, and what judges it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from featherbone.data import Dataset
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.graph.operators import Opaque
from featherbone.job.images import open_as_seen, record_of_data, unlabelled
from featherbone.job.labels import judged_by
from featherbone.job.model_in import require_model_file
from featherbone.job.quantizing.request import QuantizeRequest
from featherbone.job.training.plan import SHOWN, data_words
from featherbone.json_values import write_value
from featherbone.nn import Model
from featherbone.progress import Progress
from featherbone.quantize import QuantizedModel, load_model
from featherbone.quantize.build import require_images
from featherbone.run_record import RunRecord


@dataclass(frozen=True, kw_only=True)
class QuantizingPlan:
    """A quantization before it begins: ``images`` choose the integers, and ``dataset`` judges them."""

    request: QuantizeRequest
    model: Model
    sha256: str
    dataset: Dataset
    images: torch.Tensor

    @property
    def title(self) -> str:
        """A short name of what is made."""
        request = self.request
        return f"{self.model.graph.name}-int{request.weights}{'' if request.maps == '8' else f'-maps-{request.maps}'}"

    def facts(self) -> dict[str, Any]:
        """What run.json says from the start."""
        request = self.request
        return {
            "job": "quantize",
            "data": write_value(record_of_data(self.dataset, request.source)),
            "quantized": {
                "source": request.model,
                "name": self.model.graph.name,
                "sha256": self.sha256,
                "weights": request.weights,
                "maps": request.maps,
                "images": request.images,
                "max_drop": request.max_drop,
                "float_layers": request.float_layers,
                "time": request.time,
            },
            "seed": request.seed,
        }


def quantizing_identity(record: RunRecord) -> dict[str, Any]:
    """What must be the same for a run to go on, out of its record, by the names that a message shows."""
    asked = record.quantized
    return {
        "data": data_words(record.data),
        "network": asked and f"{asked.name} ({asked.sha256[:SHOWN]})",
        "weights": asked and asked.weights,
        "maps": asked and asked.maps,
        "images": asked and asked.images,
        "max drop": asked and asked.max_drop,
        "float layers": asked and asked.float_layers,
        "time": asked and asked.time,
        "seed": record.seed,
    }


def plan_quantizing(request: QuantizeRequest, progress: Progress) -> QuantizingPlan:
    """Read the network and the images, and see that the one can be judged by the other.

    Raises:
        FeatherboneError: no model or data set; a network that is quantized already, or that can't be computed; images
            that are too few, or of one colour each.
    """
    require_model_file(request.model)
    model = load_model(request.model)
    if isinstance(model, QuantizedModel):
        raise FeatherboneError(f"{request.model} is quantized already", hint="give the float model that it was made of")
    _require_computable(model)
    seen = model.preprocessing
    dataset = open_as_seen(request.source, seen, seed=request.seed, skip_bad=request.skip_bad, progress=progress)
    known = judged_by(dataset, model, progress)
    images = unlabelled(known, seen, request.images, request.seed)
    require_images(model.graph, images)
    return QuantizingPlan(
        request=request, model=model, sha256=file_hash(Path(request.model)), dataset=known, images=images
    )


def _require_computable(model: Model) -> None:
    graph = model.graph
    if len(graph.outputs) != 1 or len(graph.inputs) != 1:
        raise FeatherboneError(f"{graph.name} has several inputs or outputs; one of each can be quantized")
    outside = next((node for node in graph.nodes if isinstance(node.operator, Opaque)), None)
    if outside is not None:
        raise FeatherboneError(
            f"{outside.name}: {outside.operator.describe()} is outside the vocabulary, so nobody knows what its map "
            f"holds, and {graph.name} can't be quantized",
            hint="cut the network before it (featherbone.rewrite), or write it in operators of the vocabulary",
        )
