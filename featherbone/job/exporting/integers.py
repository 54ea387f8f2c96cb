"""The integers of a float network that is exported in int8: chosen as ``featherbone quantize`` chooses them."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.job.quantizing.integers import BEST, KEPT, choose_integers
from featherbone.job.quantizing.plan import plan_quantizing
from featherbone.job.quantizing.request import QuantizeRequest
from featherbone.progress import Progress
from featherbone.quantize import QuantizedModel, load_quantized
from featherbone.scratch import scratch


def integers_of(
    model: str, source: str, *, images: int, max_drop: float, seed: int, skip_bad: bool, progress: Progress
) -> QuantizedModel:
    """The network in a file in integers, chosen by images of a source.

    Raises:
        FeatherboneError: as ``featherbone quantize`` raises: images of other classes, too few, or a loss of top-1 on
            the validation images above ``max_drop`` points.
    """
    request = QuantizeRequest(
        model=model, source=source, images=images, max_drop=max_drop, seed=seed, skip_bad=skip_bad
    )
    quantizing = plan_quantizing(request, progress)
    with scratch() as folder:
        try:
            choose_integers(quantizing, folder, progress)
        except FeatherboneError as error:
            if not (folder / BEST).exists():
                raise
            raise FeatherboneError(
                error.sentence,
                hint="allow a larger --max-drop, or give what `featherbone quantize` makes with other settings",
            ) from error
        return load_quantized(folder / KEPT)
