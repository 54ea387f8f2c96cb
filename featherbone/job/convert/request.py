"""What a person asks of a conversion."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.job.model_out import require_model_name
from featherbone.job.option import option, option_group
from featherbone.job.weight_options import CHOICES, weight_choices

if TYPE_CHECKING:
    from featherbone.hub import WeightChoices

WNIDS = "wnids"  # in place of a file: ImageNet's classes by their numbers in WordNet


@dataclass(frozen=True, kw_only=True)
class ConvertRequest:
    """A conversion as it is asked for.

    >>> ConvertRequest(network="squeezenet1_1", weights="torchvision/squeezenet1_1", out=Path("s.safetensors")).classes

    - `network`: a network of the zoo with its settings, a graph (.json), or a function that builds a module.
    - `weights`: a file of weights, or published ones by name.
    - `out`: the model file that is written.
    - `classes`: a file with a name a line, in the order of the outputs, or ``wnids``; None is ImageNet's names where
      there are as many outputs, and else numbers.
    - `choices`: what the weights do not say themselves.

    Raises:
        FeatherboneError: a file that is to be written under another ending than .safetensors.
    """

    network: str = option(
        "The network that the weights are of: one of the zoo, such as mobilenet_v2:width=0.5,classes=10; a graph "
        "(.json); or a function that builds a PyTorch model.",
        default=MISSING,
        is_argument=True,
    )
    weights: str = option("A file of weights, or published ones such as torchvision/mobilenet_v2.", default=MISSING)
    out: Path = option("The model.safetensors to write.", Path, default=MISSING, read=lambda text, _: Path(text))
    classes: str | None = option(
        "A file with the name of a class a line, in the order of the outputs, or wnids for ImageNet's; unless given, "
        "ImageNet's names for 1,000 or 1,001 outputs, else numbers."
    )
    choices: WeightChoices = option_group(CHOICES, default_factory=weight_choices)

    def __post_init__(self) -> None:
        require_model_name(self.out)
