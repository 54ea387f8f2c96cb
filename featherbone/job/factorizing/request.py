"""What a person asks of a factorization."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.job import common_options as common
from featherbone.job.common_options import DATA_HELP, WORK
from featherbone.job.model_out import require_model_name
from featherbone.job.option import option
from featherbone.quantity import exact, parse_count
from featherbone.wording import listed

ALL = "all"
SHARE = 0.5  # of each layer's multiply-adds, where nothing is asked for
IMAGES = 1024  # of training, that layers are fitted to


@dataclass(frozen=True, kw_only=True)
class FactorizeRequest:
    """A factorization as it is asked for; only one of `rank`, `share` and `macs`, or none for half of each layer.

    >>> FactorizeRequest(model="model.safetensors", into="asymmetric", macs=20_000_000).forms
    ('asymmetric',)

    - `model`: the file of the network; `data`: what ``open_dataset`` takes, images like those that it will see, whose
      labels are not used; None fits weights to weights.
    - `into`: forms, with commas, of which each layer takes the one that loses least; ``all`` of them.
    - `rank`: of every layer that has it; `share`: of each layer's multiply-adds, at most; `macs`: of the whole network,
      at most, spent where it loses least.
    - `layers`: a pattern of names, such as ``stage3.*``.
    - `out`: the model file that is written; without it, nothing is changed.
    - `untimed`: the layers and the result are not timed.

    Raises:
        FeatherboneError: several of `rank`, `share` and `macs`, a value that they can't have, no form, or a file to
            write under another ending than .safetensors.
    """

    model: str = option(
        "The trained network, a model.safetensors; `featherbone convert` makes one of weights from elsewhere.",
        default=MISSING,
        is_argument=True,
    )
    data: str | None = option(
        f"Images that the network will see, or photos without labels. {DATA_HELP}", is_argument=True
    )
    into: str = option(
        "asymmetric, bottleneck, pointwise_before, pointwise_after, grouped or depthwise_sum; several with commas, of "
        "which each layer takes the one that loses least; or all.",
        default=MISSING,
    )
    rank: int | None = option("The rank of every layer.", int)
    share: float | None = option(
        "At most this share of each layer's multiply-adds; 0.5 unless anything is given.", float
    )
    macs: int | None = option(
        "Multiply-adds of the whole network, such as 20M, spent where it loses least.",
        read=lambda text, flag: parse_count(text, what=flag),
        write=exact,
    )
    layers: str = option("Only layers of these names, such as 'stage3.*'.", default="*")
    images: int = option("Training images that layers are fitted to.", int, default=IMAGES, least=2)
    out: Path | None = option("The model.safetensors to write.", Path, read=lambda text, _: Path(text))
    untimed: bool = option("Do not measure how long the layers take here.", bool, default=False)
    seed: int = common.seed("images")
    skip_bad: bool = common.skip_bad(WORK)

    def __post_init__(self) -> None:
        given = [name for name in ("rank", "share", "macs") if getattr(self, name) is not None]
        if len(given) > 1:
            raise FeatherboneError(
                f"{listed([f'--{name}' for name in given])} are given; they are different ways to say how far",
                hint="give one of them",
            )
        if self.rank is not None and self.rank < 1:
            raise FeatherboneError(f"--rank is {self.rank}; it must be at least 1")
        if self.share is not None and not 0 < self.share < 1:
            raise FeatherboneError(f"--share is {self.share}; it must be above 0 and below 1", hint="such as 0.5")
        if self.out is not None:
            require_model_name(self.out)
        if not self.forms:
            raise FeatherboneError(f"--into is {self.into!r}; it names no form", hint="such as --into asymmetric")

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms by name; ``all`` stands for every one."""
        return tuple(dict.fromkeys(word.strip() for word in self.into.split(",") if word.strip()))
