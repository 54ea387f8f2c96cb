"""What a person asks of an export."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.job import common_options as common
from featherbone.job.exporting.words import require_known, words_of
from featherbone.job.option import option

MODEL_HELP = "The trained network: model.safetensors, in float or integers, or a packed file."
PRECISIONS = ("float32", "float16", "int8")
INPUTS = ("tensor", "image")
IMAGES = 512  # of training, that integers are chosen by


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """An export as it is asked for.

    >>> ExportRequest(model="model.safetensors", out=Path("shipped"), to=("onnx", "openvino")).precisions

    - `model`: the file of the network; `source`: what ``open_dataset`` takes, which int8 of a float network needs, and
      which every file is verified on where it is given.
    - `to`: the targets by name; `precisions`: of each, None is float32, or int8 where the network is in integers.
    - `input`: tensor or image; None is image where a target can.
    - `out`: the folder in which each target and precision gets a folder of its own.
    - `max_drop`: points of top-1 on the validation images that integers may lose.
    - `images`: so many of the training images at most, whose labels are not looked at, choose integers.

    Raises:
        FeatherboneError: a precision or an input that there is not.
    """

    model: str = option(MODEL_HELP, default=MISSING, is_argument=True)
    source: str | None = option(
        f"{common.DATA_HELP} Files are verified on its test images, and int8 of a float network is chosen by it.",
        name="data",
        is_argument=True,
    )
    to: tuple[str, ...] = option(
        "Targets, with commas: onnx, openvino, ….", default=MISSING, read=words_of, write=",".join
    )
    precisions: tuple[str, ...] | None = option(
        "float32, float16 or int8, with commas; float32 unless given, or int8 of a network in integers.",
        name="precision",
        read=words_of,
        write=",".join,
    )
    input: str | None = option(
        "image takes uint8 (N, H, W, C) of the network's size and gives probabilities; tensor takes what is normalised "
        "already and gives logits. image where a target can, unless given."
    )
    out: Path = option("The folder to write to.", Path, default=MISSING, read=lambda text, _: Path(text))
    max_drop: float = option("Most points of top-1 that validation images may lose by int8.", float, default=0.2)
    images: int = option("Training images that integers are chosen by.", int, default=IMAGES, least=1)
    seed: int = common.seed("images")
    skip_bad: bool = common.skip_bad()

    def __post_init__(self) -> None:
        require_known(self.precisions or (), PRECISIONS, "--precision")
        if not 0 <= self.max_drop <= 100:
            raise FeatherboneError(f"--max-drop is {self.max_drop}; it must lie in 0 to 100 points")
        require_known(() if self.input is None else (self.input,), INPUTS, "--input")
