"""The figures that papers and their code publish, as literal numbers; never computed from the networks themselves."""

from __future__ import annotations

import pytest

from featherbone.cost import Count, count
from featherbone.networks import network

EXACT_PARAMETERS = {
    "alexnet": 60_965_224,
    "alexnet_single_column": 61_100_840,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "bn_inception": 11_295_240,
    "inception_v3": 23_834_568,
    "squeezenet": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904,
    "resnext101_32x4d": 44_177_704,
    "mobilenet_v1": 4_231_976,
    "mobilenet_v1:width=0.75": 2_585_560,
    "mobilenet_v1:width=0.5": 1_331_592,
    "mobilenet_v1:width=0.25": 470_072,
    "xception": 22_855_952,
    "shufflenet_v1:groups=1": 1_531_936,
    "shufflenet_v1:groups=2": 1_733_848,
    "shufflenet_v1:groups=3": 1_865_728,
    "shufflenet_v1:groups=4": 1_968_344,
    "shufflenet_v1:groups=8": 2_434_768,
    "shufflenet_v1:groups=1,width=0.25": 209_746,
    "shufflenet_v1:groups=3,width=0.25": 305_902,
    "shufflenet_v1:groups=1,width=0.5": 534_484,
    "shufflenet_v1:groups=3,width=0.5": 718_324,
    "se_resnet50": 28_088_024,
    "se_resnext50_32x4d": 27_559_896,
    "senet154": 115_088_984,
    "mobilenet_v2": 3_504_872,
    "shufflenet_v2:width=0.5": 1_366_792,
    "shufflenet_v2": 2_278_604,
    "shufflenet_v2:width=1.5": 3_503_624,
    "shufflenet_v2:width=2": 7_393_996,
    "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856,
    "mnasnet_a1": 3_887_038,
    "mnasnet_b1": 4_383_312,
    "mnasnet_b1:width=0.5": 2_218_512,
    "mnasnet_b1:width=0.75": 3_170_208,
    "mnasnet_b1:width=1.3": 6_282_256,
    "efficientnet_b0": 5_288_548,
    "efficientnet_b0:depth=1.1,resolution=240": 7_794_184,
    "efficientnet_b0:width=1.1,depth=1.2,resolution=260": 9_109_994,
    "efficientnet_b0:width=1.2,depth=1.4,resolution=300": 12_233_232,
    "efficientnet_b0:width=1.4,depth=1.8,resolution=380": 19_341_616,
    "regnetx_200mf": 2_684_792,
    "regnetx_400mf": 5_157_512,
    "regnetx_600mf": 6_196_040,
    "regnetx_800mf": 7_259_656,
    "regnety_200mf": 3_162_996,
    "regnety_400mf": 4_344_144,
    "regnety_600mf": 6_055_160,
    "regnety_800mf": 6_263_168,
    "regnet:depth=23,initial_width=80,slope=49.56,multiplier=2.88,group_width=120": 39_572_648,
    "regnet:depth=20,initial_width=232,slope=115.89,multiplier=2.53,group_width=232,excited=true": 145_046_770,
    "ghostnet": 5_182_508,
    "ghostnet:width=0.5": 2_587_292,
    "ghostnet:width=1.3": 7_358_820,
    "mobilenet_v4_conv_small": 3_774_024,
    "mobilenet_v4_conv_small:width=0.5": 2_238_952,
    "efficientnet_lite0": 4_652_008,
    "efficientnet_lite1": 5_416_680,
    "efficientnet_lite2": 6_092_072,
    "efficientnet_lite3": 8_197_096,
    "efficientnet_lite4": 13_006_568,
    "lcnet:width=0.35": 1_644_370,
    "lcnet:width=0.5": 1_880_856,
    "lcnet:width=0.75": 2_358_288,
    "lcnet": 2_953_800,
    "lcnet:width=1.5": 4_501_112,
    "tinynet_a": 6_187_972,
    "tinynet_b": 3_730_562,
    "tinynet_c": 2_457_234,
    "tinynet_d": 2_338_446,
    "tinynet_e": 2_042_972,
    "repghostnet:width=0.5": 2_313_968,
    "repghostnet:width=0.58": 2_546_388,
    "repghostnet:width=0.8": 3_278_968,
    "repghostnet": 4_073_604,
    "repghostnet:width=1.11": 4_539_984,
    "repghostnet:width=1.3": 5_478_612,
    "repghostnet:width=1.5": 6_575_336,
    "repghostnet:width=2": 9_796_124,
    "mobileone_s0": 5_293_272,
    "mobileone_s0:merged=true": 2_078_504,
    "mobileone_s1": 4_825_192,
    "mobileone_s2": 7_884_648,
    "mobileone_s3": 10_170_600,
    "mobileone_s4": 14_951_248,
    "cifar_resnet20": 269_722,
    "cifar_resnet56": 853_018,
}

EXACT_MACS = {
    "resnet50": 4_089_184_256,
    "resnext50_32x4d": 4_230_479_872,
    "mobilenet_v2": 300_774_272,
}

MILLIONS_OF_MACS = {  # and how far the rounding of the published figure reaches
    "alexnet": (724.4, 0.05),
    "alexnet_single_column": (714.2, 0.05),
    "vgg16": (15_470.3, 0.05),
    "bn_inception": (2_000, 50),
    "inception_v3": (5_700, 50),
    "squeezenet": (818.9, 0.05),
    "squeezenet1_1": (349.2, 0.05),
    "resnet50:stride_at=reduce": (3_860, 5),
    "mobilenet_v1": (568.7, 0.05),
    "mobilenet_v1:width=0.75": (325.4, 0.05),
    "mobilenet_v1:width=0.5": (149.5, 0.05),
    "mobilenet_v1:width=0.25": (41.0, 0.05),
    "mobilenet_v1:resolution=192": (418, 0.5),
    "mobilenet_v1:resolution=160": (290, 1),
    "mobilenet_v1:resolution=128": (186, 0.5),
    "mobilenet_v1:width=0.5,resolution=160": (76, 1),
    "mobilenet_v1:shallow=true": (307, 0.5),
    "xception": (8_400, 50),
    "shufflenet_v1:groups=1": (143, 0.5),
    "shufflenet_v1:groups=3": (137.5, 0.5),
    "shufflenet_v1:groups=8": (138, 0.5),
    "shufflenet_v1:groups=3,width=0.5": (38, 0.5),
    "shufflenet_v1:groups=8,width=0.5": (40, 0.5),
    "shufflenet_v1:groups=3,width=1.5": (292, 0.5),
    "shufflenet_v1:groups=8,width=1.5": (290, 0.5),
    "shufflenet_v1:groups=3,width=2": (524, 0.5),
    "shufflenet_v1:groups=8,width=2": (522, 0.5),
    "se_resnet50": (3_870, 10),
    "mobilenet_v2:width=1.4": (582.2, 0.05),
    "mobilenet_v3_large": (217, 0.5),
    "mobilenet_v3_large:width=0.75": (155, 0.5),
    "mobilenet_v3_small": (56.5, 0.5),
    "mobilenet_v3_small:width=0.75": (44, 1),
    "mnasnet_b1": (314.4, 0.05),
    "efficientnet_b0": (386, 0.5),
    "regnetx_200mf": (199.04, 0.005),
    "regnetx_800mf": (799.70, 0.005),
    "regnety_200mf": (199.51, 0.005),
    "regnety_800mf": (797.18, 0.005),
    "ghostnet": (141, 0.5),
    "efficientnet_lite0": (385, 0.5),
    "efficientnet_lite4": (2553, 0.5),
    "lcnet": (155.7, 0.05),
    "tinynet_c": (100, 0.5),
    "tinynet_d": (52, 0.5),
    "tinynet_e": (24, 0.5),
    "repghostnet:width=0.5": (43, 0.5),
    "repghostnet:width=0.58": (60, 0.5),
    "repghostnet:width=0.8": (96, 0.5),
    "repghostnet": (142, 0.5),
    "mobileone_s0:merged=true": (275, 0.5),
    "mobileone_s1:merged=true": (825, 0.5),
    "mobileone_s3:merged=true": (1896, 0.5),
    "mcunet_in0": (6.4, 0.05),
    "mcunet_in1": (12.8, 0.05),
    "mcunet_in2": (67.3, 0.05),
    "mcunet_in3": (81.8, 0.05),
    "mcunet_in4": (125.9, 0.05),
    "cifar_resnet20": (40.6, 0.05),
    "cifar_resnet56": (125.5, 0.05),
    "mlperf_tiny_resnet8": (12.5, 0.05),
}

MILLIONS_OF_PARAMETERS = {
    "mobilenet_v1:convolution=full": (29.3, 0.05),
    "mobilenet_v1:shallow=true": (2.9, 0.05),
    "shufflenet_v1:groups=3,width=1.5": (3.4, 0.05),
    "shufflenet_v1:groups=8,width=1.5": (4.3, 0.05),
    "shufflenet_v1:groups=8,width=2": (6.5, 0.05),
    "mobilenet_v2:width=1.4": (6.11, 0.005),
    "mobilenet_v3_large:width=0.75": (4.0, 0.05),
    "repghostnet:width=0.5,merged=true": (2.3, 0.05),
    "repghostnet:width=0.58,merged=true": (2.5, 0.05),
    "repghostnet:width=0.8,merged=true": (3.3, 0.05),
    "repghostnet:merged=true": (4.1, 0.05),
    "mobileone_s1:merged=true": (4.8, 0.05),
    "mobileone_s2:merged=true": (7.8, 0.05),
    "mobileone_s3:merged=true": (10.1, 0.05),
    "mobileone_s4:merged=true": (14.8, 0.05),
    "mcunet_in0": (0.75, 0.005),
    "mcunet_in1": (0.64, 0.005),
    "mcunet_in2": (0.73, 0.005),
    "mcunet_in3": (0.74, 0.005),
    "mcunet_in4": (1.73, 0.005),
    "squeezenext": (0.72, 0.005),
    "cifar_resnet32": (0.46, 0.005),
    "cifar_resnet44": (0.66, 0.005),
    "cifar_resnet110": (1.7, 0.05),
}

SQUEEZENET_MEGABYTES = {  # figure 3 of the paper: 32-bit weights
    "squeezenet": 4.8,
    "squeezenet:squeeze_ratio=0.5": 13,
    "squeezenet:squeeze_ratio=0.75": 19,
    "squeezenet:bypass=simple": 4.8,
}


def cost(spec: str) -> Count:
    return count(network(spec))


@pytest.mark.parametrize("spec", EXACT_PARAMETERS)
def test_parameters_are_exact(spec: str) -> None:
    assert cost(spec).params == EXACT_PARAMETERS[spec]


@pytest.mark.parametrize("spec", EXACT_MACS)
def test_macs_are_exact(spec: str) -> None:
    assert cost(spec).macs == EXACT_MACS[spec]


@pytest.mark.parametrize("spec", MILLIONS_OF_MACS)
def test_macs_are_as_published(spec: str) -> None:
    published, rounding = MILLIONS_OF_MACS[spec]
    assert cost(spec).macs / 1e6 == pytest.approx(published, abs=rounding)


@pytest.mark.parametrize("spec", MILLIONS_OF_PARAMETERS)
def test_parameters_are_as_published(spec: str) -> None:
    published, rounding = MILLIONS_OF_PARAMETERS[spec]
    assert cost(spec).params / 1e6 == pytest.approx(published, abs=rounding)


@pytest.mark.parametrize("spec", SQUEEZENET_MEGABYTES)
def test_squeezenet_sizes(spec: str) -> None:
    assert 4 * cost(spec).params / 2**20 == pytest.approx(SQUEEZENET_MEGABYTES[spec], rel=0.03)


def test_full_convolution_mobilenet_without_its_classifier() -> None:
    """Table 4 of MobileNets prints 4,866 M, which leaves out the classifier's 1.024 M."""
    full = cost("mobilenet_v1:convolution=full")
    classifier = next(row for row in full.rows if row.name == "head.classifier")
    assert (full.macs - classifier.macs) / 1e6 == pytest.approx(4866, abs=0.5)


@pytest.mark.parametrize(("width", "millions"), [(1, 2.9), (0.75, 2.4)])
def test_small_mobilenet_v3_of_the_conference_paper(width: float, millions: float) -> None:
    """Its 2.9 and 2.4 M are reached with a hidden layer of 1280 channels in place of 1024."""
    cost = count(network("mobilenet_v3_small", width=width))
    (hidden,) = [row for row in cost.rows if row.name == "head.hidden"]
    each = int(hidden.inputs[0][0]) + 1 + 1000  # its own weights and bias, and a weight of each class
    assert (cost.params + (1280 - 1024) * each) / 1e6 == pytest.approx(millions, abs=0.05)


def test_squeezenext_as_pytorchcv_has_it() -> None:
    """Its sqnxt23_w1 has 724,056 parameters: a bias for every convolution and class, which the authors' has not."""
    graph = network("squeezenext")
    weighted = [node for node in graph.nodes if node.operator.kind in ("conv", "linear")]
    assert int(count(graph).params) + sum(int(node.shape[0]) for node in weighted) == 724_056


def test_mlperf_tiny_resnet8_as_keras_counts_it() -> None:
    """Keras prints 78,666: trained parameters and running statistics together."""
    graph = network("mlperf_tiny_resnet8")
    trained = sum(_size(shape) for shape in graph.parameters().values())
    assert trained == 78_186
    assert trained + sum(_size(shape) for shape in graph.buffers().values()) == 78_666


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size
