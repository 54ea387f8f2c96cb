"""Networks by name: what is understood, and what each mistake is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from featherbone.errors import FeatherboneError
from featherbone.networks import NETWORKS, list_networks, network
from featherbone.networks.shared.rounding import make_divisible, scaled

WRONG = {
    "mobilenetv2": "unknown network 'mobilenetv2' (did you mean mobilenet_v2?)",
    "ResNet50": "unknown network 'ResNet50' (did you mean resnet50?)",
    "": "unknown network ''",
    "mobilenet_v2:": "'' is not a setting (write name=value",
    "mobilenet_v2:0.5": "'0.5' is not a setting",
    "mobilenet_v2:width=": "'width=' is not a setting",
    "mobilenet_v2:width=1,": "'' is not a setting",
    "mobilenet_v2:width=1,width=2": "width is given twice",
    "mobilenet_v2:widht=1": "mobilenet_v2 has no setting 'widht' (did you mean width?)",
    "resnet50:depth=18": "resnet50 has no setting 'depth'",
    "vgg16:width=0.5": "vgg16 has no setting 'width'",
    "mobilenet_v2:width=0": "width is 0.0; it must be above 0 and at most 100",
    "mobilenet_v2:width=-1": "width is -1.0; it must be above 0",
    "mobilenet_v2:width=1e99": "width is 1e+99; it must be above 0 and at most 100",
    "mobilenet_v2:width=nan": "width is 'nan'; it must be a number",
    "mobilenet_v2:width=inf": "width is 'inf'; it must be a number",
    "mobilenet_v2:width=1_0": "width is '1_0'; it must be a number",
    "mobilenet_v2:resolution=1": "resolution is 1; this network needs a whole number of at least 32",
    "mobilenet_v2:resolution=-224": "resolution is -224; this network needs",
    "mobilenet_v2:resolution=1.5": "resolution is '1.5'; it must be a whole number",
    "mobilenet_v2:resolution=999999999": "allowed are 1 to",
    "mobilenet_v2:resolution=99999999999": "resolution is '99999999999'; it must be a whole number of at most 9 digits",
    "mobilenet_v2:small=yes": "small is 'yes'; it must be true or false",
    "mobilenet_v2:classes=0": "classes is 0; it must be at least 1",
    "squeezenet:classes=0": "classes is 0; it must be at least 1",
    "vgg16:classes=-1": "classes is -1; it must be at least 1",
    "mobilenet_v2:image_channels=0": "image_channels is 0; it must be at least 1",
    "mobilenet_v2:divisor=0": "divisor is 0; it must be a whole number of at least 1",
    "mobilenet_v2:dropout=1": "dropout probability is 1.0",
    "mobilenet_v1:convolution=fast": "convolution is 'fast'; it must be one of separable, full",
    "shufflenet_v1:groups=5": "groups is 5; it must be one of 1, 2, 3, 4, 8",
    "shufflenet_v2:width=0.75": "width is 0.75; it must be one of 0.5, 1.0, 1.5, 2.0",
    "efficientnet_b0:depth=0": "depth is 0.0; it must be above 0 and at most 100",
    "regnet:depth=257": "depth is 257; it must lie in 1..256",
    "regnet:initial_width=4": "initial_width is 4; it must lie in 8..4096",
    "regnet:multiplier=1": "multiplier is 1.0; it must lie in 1.001..100",
    "regnet:group_width=0": "group_width is 0; it must lie in 1..4096",
    "regnetx_200mf:depth=3": "regnetx_200mf has no setting 'depth'",
    "resnet50:stride_at=end": "stride_at is 'end'; it must be 'kernel' or 'reduce'",
    "resnet18:shortcut=long": "shortcut is 'long'; it must be one of auto",
    "squeezenet:bypass=both": "bypass is 'both'; it must be one of none, simple, complex",
    "squeezenet:squeeze_ratio=0": "squeeze_ratio is 0.0; it must be above 0 and at most 1",
    "squeezenet:share=1.5": "a share of 1.5 of the channels; it must lie in 0..1",
    "squeezenet:frequency=0": "frequency is 0; it must be at least 1",
    "squeezenet:base=0": "base is 0; it must be at least 1",
    "squeezenet:increment=-1": "increment is -1; it must be at least 0",
}

WRONG_KEYWORDS = [
    ({"width": "0.5"}, "width is '0.5'; it must be a number"),
    ({"width": float("nan")}, "width is nan; it must be a finite number"),
    ({"width": float("inf")}, "width is inf; it must be a finite number"),
    ({"width": True}, "width is True; it must be a number"),
    ({"resolution": 224.0}, "resolution is 224.0; it must be a whole number"),
    ({"small": 1}, "small is 1; it must be true or false"),
    ({"classes": None}, "classes is None; it must be a whole number"),
    ({"colour": 3}, "mobilenet_v2 has no setting 'colour'"),
]


@pytest.mark.parametrize("spec", WRONG)
def test_a_mistake_is_told_with_its_value(spec: str) -> None:
    with pytest.raises(FeatherboneError) as error:
        network(spec)
    assert WRONG[spec] in str(error.value)


@pytest.mark.parametrize(("settings", "message"), WRONG_KEYWORDS)
def test_a_wrong_keyword_is_told_with_its_value(settings: dict[str, object], message: str) -> None:
    with pytest.raises(FeatherboneError) as error:
        network("mobilenet_v2", **settings)
    assert message in str(error.value)


def test_a_name_that_is_no_text() -> None:
    with pytest.raises(FeatherboneError, match="a network is named by text; got int"):
        network(5)


def test_depths_that_no_stage_can_share() -> None:
    from featherbone.networks.cifar_resnet import cifar_resnet

    with pytest.raises(FeatherboneError, match=r"depth is 21; it must be 6n \+ 2"):
        cifar_resnet(depth=21)
    with pytest.raises(FeatherboneError, match="depth is 2"):
        cifar_resnet(depth=2)
    assert cifar_resnet(depth=8).name == "cifar_resnet8"


def test_variants_that_no_paper_has() -> None:
    """The registry fixes them, so only a caller of the functions can get them wrong."""
    from featherbone.networks.mcunet import mcunet
    from featherbone.networks.mnasnet import mnasnet
    from featherbone.networks.mobilenet_v3 import mobilenet_v3
    from featherbone.networks.regnet import regnet_model

    with pytest.raises(FeatherboneError, match="size is 'medium'; it must be one of large, small"):
        mobilenet_v3(size="medium")
    with pytest.raises(FeatherboneError, match="release is 'C1'; it must be one of A1, B1"):
        mnasnet(release="C1")
    with pytest.raises(FeatherboneError, match="model is 'in5'; it must be one of in0, in1, in2, in3, in4"):
        mcunet(model="in5")
    with pytest.raises(FeatherboneError, match="model is 'regnetz'; it must be one of regnetx_200mf"):
        regnet_model(model="regnetz")


def test_text_and_keywords_mean_the_same() -> None:
    written = network(" mobilenet_v2 : width=0.5 , resolution=160,small=false ")
    assert written == network("mobilenet_v2", width=0.5, resolution=160, small=False)
    assert written == network("mobilenet_v2:width=.5", resolution=160)
    assert written == NETWORKS["mobilenet_v2"](width=0.5, resolution=160)
    with pytest.raises(FeatherboneError, match="width is given twice"):
        network("mobilenet_v2:width=0.5", width=0.5)


def test_every_network_is_listed_with_its_settings() -> None:
    assert list_networks() == tuple(NETWORKS)
    assert NETWORKS["squeezenet"].settings == {
        "base": 128,
        "increment": 128,
        "frequency": 2,
        "share": 0.5,
        "squeeze_ratio": 0.125,
        "bypass": "none",
        "resolution": None,
        "classes": 1000,
        "image_channels": 3,
        "small": False,
    }


def test_importing_the_table_imports_no_network_and_nothing_heavy() -> None:
    check = (
        "import sys, featherbone.networks as n; n.list_networks();"
        "heavy = {'torch', 'numpy', 'sympy', 'featherbone.networks.resnet', 'featherbone.blocks'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60)
    assert printed.stdout.strip() == "[]"


def test_rounding_follows_the_papers_code() -> None:
    assert [scaled(channels, 0.35) for channels in (16, 24, 32, 64, 96, 160, 320)] == [8, 8, 16, 24, 32, 56, 112]
    assert [scaled(channels, 1.4) for channels in (16, 24, 32, 64, 96, 160, 320)] == [24, 32, 48, 88, 136, 224, 448]
    assert make_divisible(7.0) == 8
    assert make_divisible(100, divisor=64) == 128
    assert all(make_divisible(value / 10) >= 0.9 * value / 10 for value in range(1, 5000))
