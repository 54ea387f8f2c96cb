"""The names of timm's networks (github.com/huggingface/pytorch-image-models) that differ from torchvision's."""

from __future__ import annotations

from featherbone.nn.foreign.naming import Naming
from featherbone.nn.foreign.torchvision import FC, RESIDUAL

BLOCK = "stage{1+1}.block{2+1}"
AT = r"blocks\.(\d+)\.(\d+)\."
HEAD = (r"classifier", "head.classifier")
EFFICIENTNET = Naming(  # MobileNetV2, V3, MnasNet and EfficientNet come from one builder
    name="timm efficientnet builder",
    epsilon=1e-5,
    rules=(
        (r"conv_stem|(?P<norm>bn1)", "stem.conv"),
        (r"blocks\.(0)\.(\d+)\.(?:conv_pw|(?P<norm>bn2))", f"{BLOCK}.project"),  # without an expansion
        (rf"{AT}(?:conv_pw|(?P<norm>bn1))", f"{BLOCK}.expand"),
        (rf"{AT}(?:conv_dw|(?P<norm>bn2))", f"{BLOCK}.depthwise"),
        (rf"{AT}(?:conv_dw|(?P<norm>bn1))", f"{BLOCK}.depthwise"),
        (rf"{AT}(?:conv_pwl|(?P<norm>bn3))", f"{BLOCK}.project"),
        (rf"{AT}se\.conv_(reduce|expand)", f"{BLOCK}.se.{{3}}"),
        (rf"{AT}(?:conv|(?P<norm>bn1))", "last.conv"),  # MobileNetV3's last stage is one convolution
        (r"conv_head|(?P<norm>bn2)", "head.hidden|last.conv"),
        HEAD,
    ),
)
MOBILENET_V1 = Naming(
    name="timm mobilenetv1",
    epsilon=1e-5,
    relu="relu6",
    rules=(
        (r"conv_stem|(?P<norm>bn1)", "stem.conv"),
        (rf"{AT}(?:conv_dw|(?P<norm>bn1))", f"{BLOCK}.depthwise"),
        (rf"{AT}(?:conv_pw|(?P<norm>bn2))", f"{BLOCK}.pointwise"),
        HEAD,
    ),
)
LCNET = Naming(  # after MobileNetV1, whose names it has and more: that one has ReLU6
    name="timm lcnet",
    epsilon=1e-5,
    rules=(
        *(  # two of its stages are one of the paper's
            (rf"blocks\.{theirs}\.(\d)\.{layer}", f"stage{ours}.block{{1+{after}}}.{step}")
            for theirs, ours, after in ((4, 4, 3), (5, 5, 1))
            for layer, step in (
                (r"(?:conv_dw|(?P<norm>bn1))", "depthwise"),
                (r"(?:conv_pw|(?P<norm>bn2))", "pointwise"),
                (r"se\.conv_reduce", "se.reduce"),
                (r"se\.conv_expand", "se.expand"),
            )
        ),
        *MOBILENET_V1.rules,
        (r"conv_head", "head.hidden"),
    ),
)
S = r"s(\d)\.b(\d+)\."
CONV = r"\.(?:conv|(?P<norm>bn))"
REGNET = Naming(
    name="timm regnet",
    epsilon=1e-5,
    rules=(
        (rf"stem{CONV}", "stem.conv"),
        (rf"{S}conv1{CONV}", "stage{1}.block{2}.pointwise1"),
        (rf"{S}conv2{CONV}", "stage{1}.block{2}.conv"),
        (rf"{S}conv3{CONV}", "stage{1}.block{2}.pointwise2"),
        (rf"{S}downsample{CONV}", "stage{1}.block{2}.shortcut"),
        (rf"{S}se\.fc1", "stage{1}.block{2}.se.reduce"),
        (rf"{S}se\.fc2", "stage{1}.block{2}.se.expand"),
        (r"head\.fc", "head.classifier"),
    ),
)
SENET = Naming(  # the ports of the authors' Caffe networks; timm's newer seresnet50 pools otherwise, and is refused
    name="timm legacy_senet",
    epsilon=1e-5,
    rules=(
        (r"layer0\.(?:conv|(?P<norm>bn))(\d)", "stem.conv{2}|stem.conv"),
        (r"layer(\d)\.(\d+)\.se_module\.fc1", "stage{1}.block{2+1}.se.reduce"),
        (r"layer(\d)\.(\d+)\.se_module\.fc2", "stage{1}.block{2+1}.se.expand"),
        *RESIDUAL,
    ),
)


def _separables(block: int, stage: str, first: int, layers: int) -> tuple[tuple[str, str], ...]:
    """The separable convolutions of a block of Xception, ``first`` being the place of the first in its Sequential."""
    rules: list[tuple[str, str]] = []
    for layer in range(layers):
        at = rf"block{block}\.rep\.{first + 3 * layer}\."
        ours = f"{stage}.separable{layer + 1}"
        rules.append((at + "conv1", f"{ours}.depthwise"))
        rules.append((at + "pointwise", f"{ours}.pointwise"))
        rules.append((rf"block{block}\.rep\.(?P<norm>{first + 3 * layer + 1})", f"{ours}.pointwise"))
    return tuple(rules)


XCEPTION = Naming(
    name="timm legacy_xception",
    epsilon=1e-5,
    rules=(
        (r"(?:conv|(?P<norm>bn))([12])", "stem.conv{2}"),
        (r"block([123])\.skip(?P<norm>bn)?", "stage{1}.shortcut"),
        (r"block12\.skip(?P<norm>bn)?", "stage5.shortcut"),
        *_separables(1, "stage1", 0, 2),
        *_separables(2, "stage2", 1, 2),
        *_separables(3, "stage3", 1, 2),
        *(rule for n in range(1, 9) for rule in _separables(n + 3, f"stage4.block{n}", 1, 3)),
        *_separables(12, "stage5", 1, 2),
        *((rf"conv{n + 2}\.conv1", f"last.separable{n}.depthwise") for n in (1, 2)),
        *((rf"conv{n + 2}\.pointwise|(?P<norm>bn{n + 2})", f"last.separable{n}.pointwise") for n in (1, 2)),
        FC,
    ),
)
GHOST_BLOCKS = ("0.0", "1.0 2.0", "3.0 4.0", "5.0 6.0 6.1 6.2", "6.3 6.4", "7.0 8.0 8.1 8.2 8.3")  # by our stage
GHOSTS = tuple(
    (r"blocks\." + block.replace(".", r"\."), f"stage{stage}.block{number}")
    for stage, blocks in enumerate(GHOST_BLOCKS, start=1)
    for number, block in enumerate(blocks.split(), start=1)
)
GHOST_MODULES = ((1, "expand"), (2, "project"))
GHOST_ENDS = ((r"conv_stem|(?P<norm>bn1)", "stem.conv"), (r"conv_head", "head.hidden"), HEAD)
GHOST_LAYERS = (
    *((rf"ghost{n}\.primary_conv\.(?:0|(?P<norm>1))", f"{at}.primary") for n, at in GHOST_MODULES),
    *((rf"ghost{n}\.cheap_operation\.(?:0|(?P<norm>1))", f"{at}.cheap") for n, at in GHOST_MODULES),
    (r"(?:conv|(?P<norm>bn))_dw", "depthwise"),
    (r"se\.conv_(reduce|expand)", "se.{1}"),
    (r"shortcut\.(?:0|(?P<norm>1))", "shortcut.depthwise"),
    (r"shortcut\.(?:2|(?P<norm>3))", "shortcut.pointwise"),
)
GHOSTNET = Naming(
    name="timm ghostnet",
    epsilon=1e-5,
    rules=(
        *((rf"{at}\.{layer}", f"{block}.{ours}") for at, block in GHOSTS for layer, ours in GHOST_LAYERS),
        (r"blocks\.9\.0\.(?:conv|(?P<norm>bn1))", "last.conv"),
        *GHOST_ENDS,
    ),
)
REP_GHOST_LAYERS = (  # merged, a cheap operation is a convolution with a bias, without norms
    *((rf"ghost{n}\.primary_conv\.(?:0|(?P<norm>1))", f"{at}.primary") for n, at in GHOST_MODULES),
    *((rf"ghost{n}\.cheap_operation\.(?:0|(?P<norm>1))", f"{at}.cheap_branch1") for n, at in GHOST_MODULES),
    *((rf"ghost{n}\.cheap_operation", f"{at}.cheap") for n, at in GHOST_MODULES),
    *((rf"ghost{n}\.fusion_bn\.0", f"{at}.cheap_skip") for n, at in GHOST_MODULES),
    *(rule for rule in GHOST_LAYERS if "ghost" not in rule[0]),
)
REPGHOSTNET = Naming(
    name="timm repghostnet",
    epsilon=1e-5,
    rules=(
        *((rf"{at}\.{layer}", f"{block}.{ours}") for at, block in GHOSTS for layer, ours in REP_GHOST_LAYERS),
        (r"blocks\.9\.0\.(?:conv|(?P<norm>bn1))", "last.conv"),
        *GHOST_ENDS,
    ),
)


def _branches(theirs: str, ours: str) -> tuple[tuple[str, str], ...]:
    """One of MobileOne's sums: of several branches, of one, or merged."""
    unit = r"(?:conv|(?P<norm>bn))"
    return (
        (rf"{theirs}\.conv_kxk\.0\.{unit}", f"{ours}.conv_branch1|{ours}.conv"),
        *((rf"{theirs}\.conv_kxk\.{n}\.{unit}", f"{ours}.conv_branch{n + 1}") for n in (1, 2, 3)),
        (rf"{theirs}\.conv_scale\.{unit}", f"{ours}.conv_scale"),
        (rf"{theirs}\.identity", f"{ours}.conv_skip"),
        (rf"{theirs}\.reparam_conv", f"{ours}.conv"),
        (rf"{theirs}\.attn\.fc1", f"{ours}.se.reduce"),
        (rf"{theirs}\.attn\.fc2", f"{ours}.se.expand"),
    )


MOBILEONE = Naming(
    name="timm mobileone",
    epsilon=1e-5,
    rules=(
        *_branches("stem", "stem"),
        *(  # a depthwise and a pointwise step count as two
            rule
            for step in range(20)
            for rule in _branches(
                rf"stages\.(\d)\.{step}", f"stage{{1+1}}.block{step // 2 + 1}.{('depthwise', 'pointwise')[step % 2]}"
            )
        ),
        (r"head\.fc", "head.classifier"),
    ),
)
NAMINGS = (EFFICIENTNET, MOBILENET_V1, LCNET, REGNET, SENET, XCEPTION, GHOSTNET, REPGHOSTNET, MOBILEONE)
