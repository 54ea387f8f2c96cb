"""Every shipped network and variant costs what it cost when it was last looked at.

``python tests/networks/test_networks_golden.py`` writes the golden file anew. Look at the difference before it is
committed: a changed number is a changed network.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from featherbone.cost import count
from featherbone.networks import NETWORKS, network

GOLDEN = Path(__file__).with_name("golden.json")


def specs() -> list[str]:
    """Every network; its small-image form at 32×32 and, where it can, at 8×8; and the variants of the papers."""
    found = []
    for name, entry in NETWORKS.items():
        found.append(name)
        if "small" in entry.settings:
            found.append(f"{name}:small=true,classes=10")
            if not name.startswith("vgg"):
                found.append(f"{name}:small=true,classes=10,image_channels=1,resolution=8")
    for name in ("mobilenet_v1", "mobilenet_v2"):
        found += [f"{name}:width={width}" for width in (0.25, 0.35, 0.5, 0.75, 1.4)]
        found += [f"{name}:width=0.5,resolution={resolution}" for resolution in (96, 128, 160, 192)]
    found += ["mobilenet_v1:convolution=full", "mobilenet_v1:shallow=true", "mobilenet_v2:width=0.5,divisor=1"]
    for name in ("mobilenet_v3_large", "mobilenet_v3_small", "mnasnet_a1", "mnasnet_b1"):
        found += [f"{name}:width={width}" for width in (0.5, 0.75, 1.25)]
    for name in ("squeezenext", "ghostnet", "mobilenet_v4_conv_small"):
        found += [f"{name}:width={width}" for width in (0.5, 1.5)]
    found += [f"{name}:width={width}" for name in ("lcnet", "repghostnet") for width in (0.5, 1.5)]
    found += ["repghostnet:merged=true", *(f"mobileone_s{n}:merged=true" for n in (0, 1, 4))]
    found += ["efficientnet_lite0:width=0.5", "tinynet_c:width=0.5", "mobileone_s0:width=0.5"]
    found += ["efficientnet_b0:width=0.5", "efficientnet_b0:width=1.1,depth=1.2,resolution=260"]
    found += ["regnet:depth=18,initial_width=80,slope=34.01,multiplier=2.25,group_width=24,excited=true"]
    for width in (0.25, 0.5, 1, 1.5, 2):
        found += [f"shufflenet_v1:width={width},groups={groups}" for groups in (1, 2, 3, 4, 8)]
    found += [f"shufflenet_v2:width={width}" for width in (0.5, 1.5, 2)]
    found += [f"squeezenet:bypass={bypass}" for bypass in ("simple", "complex")]
    found += [f"squeezenet:squeeze_ratio={ratio}" for ratio in (0.25, 0.5, 0.75, 1)]
    found += [f"squeezenet:squeeze_ratio=0.5,share={share}" for share in (0, 0.01, 0.25, 0.99, 1)]
    found += ["squeezenet:base=64,increment=32,frequency=1", "vgg16:norm=true"]
    found += [
        "resnet50:stride_at=reduce",
        "resnet18:shortcut=pad",
        "resnet34:shortcut=projection",
        "resnet50:width=0.5",
    ]
    found += ["cifar_resnet20:shortcut=auto", "cifar_resnet20:width=2", "mlperf_tiny_resnet8:width=0.5"]
    return found


def reading(spec: str) -> dict[str, int]:
    graph = network(spec)
    cost = count(graph)
    assert not cost.uncounted
    totals = {"params": cost.params, "macs": cost.macs, "activations": cost.activations}
    return {key: int(value) for key, value in totals.items()} | {"nodes": len(graph.nodes)}


RECORDED = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}


def test_every_network_and_variant_is_recorded() -> None:
    assert list(RECORDED) == specs()


@pytest.mark.parametrize("spec", RECORDED)
def test_costs_are_as_recorded(spec: str) -> None:
    assert reading(spec) == RECORDED[spec]


if __name__ == "__main__":
    lines = [f"  {json.dumps(spec)}: {json.dumps(reading(spec))}" for spec in specs()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
