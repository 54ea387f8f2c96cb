"""The names of torchvision's networks (github.com/pytorch/vision, torchvision/models)."""

from __future__ import annotations

from featherbone.nn.foreign.naming import Naming

UNIT = r"(?:0|(?P<norm>1))"  # a Sequential of a convolution and its norm
FC = (r"fc|linear|last_linear", "head.classifier")  # linear: in the well-known CIFAR ResNets
BLOCK = "stage{1}.block{2+1}"
RESIDUAL = (
    (r"layer(\d)\.(\d+)\.(?:conv|(?P<norm>bn))1", f"{BLOCK}.conv1|{BLOCK}.reduce"),
    (r"layer(\d)\.(\d+)\.(?:conv|(?P<norm>bn))2", f"{BLOCK}.conv2|{BLOCK}.conv"),
    (r"layer(\d)\.(\d+)\.(?:conv|(?P<norm>bn))3", f"{BLOCK}.expand"),
    (rf"layer(\d)\.(\d+)\.downsample\.{UNIT}", f"{BLOCK}.shortcut"),
    FC,
)
RESNET = Naming(  # timm's too
    name="torchvision resnet", epsilon=1e-5, rules=((r"(?:conv|(?P<norm>bn))1", "stem.conv"), *RESIDUAL)
)

STEM = (rf"features\.0\.{UNIT}", "stem.conv")
LAST = (rf"features\.\d+\.{UNIT}", "last.conv")
# MobileNetV2 and V3 number their blocks through all stages.
MOBILENET_V2 = Naming(
    name="torchvision mobilenet_v2",
    epsilon=1e-5,
    rules=(
        STEM,
        (rf"features\.1\.conv\.0\.{UNIT}", "stage1.block1.depthwise"),
        (r"features\.1\.conv\.(?:1|(?P<norm>2))", "stage1.block1.project"),
        (rf"features\.(\d+)\.conv\.0\.{UNIT}", "{#1}.expand"),
        (rf"features\.(\d+)\.conv\.1\.{UNIT}", "{#1}.depthwise"),
        (r"features\.(\d+)\.conv\.(?:2|(?P<norm>3))", "{#1}.project"),
        LAST,
        (r"classifier\.1", "head.classifier"),
    ),
)
EXCITED = tuple((rf"features\.(\d+)\.block\.\d\.fc{n}", f"{{#1}}.se.{to}") for n, to in ((1, "reduce"), (2, "expand")))
MOBILENET_V3 = Naming(
    name="torchvision mobilenet_v3",
    epsilon=1e-3,
    rules=(
        STEM,
        *EXCITED,
        (rf"features\.1\.block\.0\.{UNIT}", "stage1.block1.depthwise"),
        (rf"features\.1\.block\.[12]\.{UNIT}", "stage1.block1.project"),
        (rf"features\.(\d+)\.block\.0\.{UNIT}", "{#1}.expand"),
        (rf"features\.(\d+)\.block\.1\.{UNIT}", "{#1}.depthwise"),
        (rf"features\.(\d+)\.block\.[23]\.{UNIT}", "{#1}.project"),
        LAST,
        (r"classifier\.0", "head.hidden"),
        (r"classifier\.3", "head.classifier"),
    ),
)
INSIDE = r"features\.([1-7])\.(\d+)\.block"
EFFICIENTNET = Naming(
    name="torchvision efficientnet",
    epsilon=1e-5,
    rules=(
        STEM,
        (rf"{INSIDE}\.\d\.fc1", "stage{1}.block{2+1}.se.reduce"),
        (rf"{INSIDE}\.\d\.fc2", "stage{1}.block{2+1}.se.expand"),
        (rf"features\.(1)\.(\d+)\.block\.0\.{UNIT}", f"{BLOCK}.depthwise"),
        (rf"features\.(1)\.(\d+)\.block\.2\.{UNIT}", f"{BLOCK}.project"),
        (rf"{INSIDE}\.0\.{UNIT}", f"{BLOCK}.expand"),
        (rf"{INSIDE}\.1\.{UNIT}", f"{BLOCK}.depthwise"),
        (rf"{INSIDE}\.3\.{UNIT}", f"{BLOCK}.project"),
        LAST,
        (r"classifier\.1", "head.classifier"),
    ),
)
DEEP = tuple((rf"layers\.{i + 6}\.(\d+)\.layers", f"stage{i}.block{{1+1}}") for i in range(2, 8))
MNASNET = Naming(
    name="torchvision mnasnet",
    epsilon=1e-5,
    rules=(
        (r"layers\.(?:0|(?P<norm>1))", "stem.conv"),
        (r"layers\.(?:3|(?P<norm>4))", "stage1.block1.depthwise"),
        (r"layers\.(?:6|(?P<norm>7))", "stage1.block1.project"),
        *(
            (rf"{before}\.(?:{at}|(?P<norm>{at + 1}))", f"{block}.{layer}")
            for before, block in DEEP
            for at, layer in ((0, "expand"), (3, "depthwise"), (6, "project"))
        ),
        (r"layers\.(?:14|(?P<norm>15))", "last.conv"),
        (r"classifier\.1", "head.classifier"),
    ),
)
UNIT_V2 = r"stage(\d)\.(\d+)\.branch"
SHUFFLENET_V2 = Naming(
    name="torchvision shufflenet_v2",
    epsilon=1e-5,
    rules=(
        (rf"conv1\.{UNIT}", "stem.conv"),
        (rf"{UNIT_V2}1\.(?:0|(?P<norm>1))", f"{BLOCK}.shortcut_depthwise"),
        (rf"{UNIT_V2}1\.(?:2|(?P<norm>3))", f"{BLOCK}.shortcut_pointwise"),
        (rf"{UNIT_V2}2\.(?:0|(?P<norm>1))", f"{BLOCK}.pointwise1"),
        (rf"{UNIT_V2}2\.(?:3|(?P<norm>4))", f"{BLOCK}.depthwise"),
        (rf"{UNIT_V2}2\.(?:5|(?P<norm>6))", f"{BLOCK}.pointwise2"),
        (rf"conv5\.{UNIT}", "last.conv"),
        FC,
    ),
)
TRUNK = r"trunk_output\.block(\d)\.block\d-(\d+)\."
REGNET = Naming(
    name="torchvision regnet",
    epsilon=1e-5,
    rules=(
        (rf"stem\.{UNIT}", "stem.conv"),
        (rf"{TRUNK}proj\.{UNIT}", f"{BLOCK}.shortcut"),
        (rf"{TRUNK}f\.a\.{UNIT}", f"{BLOCK}.pointwise1"),
        (rf"{TRUNK}f\.b\.{UNIT}", f"{BLOCK}.conv"),
        (rf"{TRUNK}f\.c\.{UNIT}", f"{BLOCK}.pointwise2"),
        (rf"{TRUNK}f\.se\.fc1", f"{BLOCK}.se.reduce"),
        (rf"{TRUNK}f\.se\.fc2", f"{BLOCK}.se.expand"),
        FC,
    ),
)
# Features that are one Sequential, layer for layer as the graph's nodes after the image.
PLAIN = Naming(
    name="torchvision vgg and alexnet",
    epsilon=1e-5,
    rules=(
        (r"features\.(\d+)", "{@1+1}"),
        (r"classifier\.[01]", "head.hidden1"),
        (r"classifier\.[34]", "head.hidden2"),
        (r"classifier\.6", "head.classifier"),
        (r"pre_logits\.fc([12])", "head.hidden{1}"),  # timm's
        (r"head\.fc", "head.classifier"),
    ),
)


def _squeezenet(version: str, *places: int) -> Naming:
    """``places`` in the features of the eight fire modules."""
    return Naming(
        name=f"torchvision squeezenet1_{version}",
        rules=(
            (r"features\.0", "stem.conv"),
            *((rf"features\.{at}\.squeeze", f"fire{fire}.squeeze") for fire, at in enumerate(places, start=2)),
            *(
                (rf"features\.{at}\.expand([13])x[13]", f"fire{fire}.expand{{1}}")
                for fire, at in enumerate(places, start=2)
            ),
            (r"classifier\.1", "head.classifier"),
        ),
    )


BRANCHES = {  # inside the modules: foreign branch and ours
    "1x1": "one",
    "5x5_1": "five_reduce",
    "5x5_2": "five",
    "3x3dbl_1": "double_reduce|{B}.double.reduce",
    "3x3dbl_2": "double1|{B}.double.conv",
    "3x3dbl_3": "double2",
    "_pool": "projection",
    "7x7_1": "seven_reduce",
    "7x7_2": "seven_row",
    "7x7_3": "seven_column",
    "7x7dbl_1": "double_reduce",
    "7x7dbl_2": "double_column1",
    "7x7dbl_3": "double_row1",
    "7x7dbl_4": "double_column2",
    "7x7dbl_5": "double_row2",
    "3x3": "three",
    "3x3_1": "three_reduce|{B}.three.reduce",
    "3x3_2": "three",
    "3x3_2a": "three.row",
    "3x3_2b": "three.column",
    "3x3dbl_3a": "double.row",
    "3x3dbl_3b": "double.column",
    "7x7x3_1": "seven_reduce",
    "7x7x3_2": "row",
    "7x7x3_3": "column",
    "7x7x3_4": "seven_three",
}
MODULES = {"5b": "1.block1", "5c": "1.block2", "5d": "1.block3", "6a": "2.reduction"}
MODULES |= {f"6{letter}": f"2.block{number}" for number, letter in enumerate("bcde", start=1)}
MODULES |= {"7a": "3.reduction", "7b": "3.block1", "7c": "3.block2"}
CONV_NORM = r"\.(?:conv|(?P<norm>bn))"
STEM_V3 = ("1a_3x3", "2a_3x3", "2b_3x3", "3b_1x1", "4a_3x3")
INCEPTION = Naming(  # timm's too
    name="torchvision inception_v3",
    epsilon=1e-3,
    rules=(
        *((rf"Conv2d_{theirs}{CONV_NORM}", f"stem.conv{n}") for n, theirs in enumerate(STEM_V3, start=1)),
        *(
            (rf"Mixed_{module}\.branch{branch}{CONV_NORM}", f"stage{ours}.{layer}".replace("{B}", f"stage{ours}"))
            for module, ours in MODULES.items()
            for branch, layer in BRANCHES.items()
        ),
        FC,
    ),
)

NAMINGS = (
    RESNET,
    MOBILENET_V2,
    MOBILENET_V3,
    EFFICIENTNET,
    MNASNET,
    SHUFFLENET_V2,
    REGNET,
    PLAIN,
    _squeezenet("0", 3, 4, 5, 7, 8, 9, 10, 12),
    _squeezenet("1", 3, 4, 6, 7, 9, 10, 11, 12),
    INCEPTION,
)
