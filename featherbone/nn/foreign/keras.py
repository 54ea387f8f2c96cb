"""The names of Keras's own networks (keras.applications), which pad as TensorFlow and clip their ReLUs at 6."""

from __future__ import annotations

from featherbone.nn.foreign.naming import Naming

BN = "(?P<norm>_bn|_BN)?"
MOBILENET_V1 = Naming(
    name="keras mobilenet",
    epsilon=1e-3,
    relu="relu6",
    tensorflow=True,
    rules=(
        (rf"conv1{BN}", "stem.conv"),
        (rf"conv_dw_(\d+){BN}", "{#1}.depthwise"),
        (rf"conv_pw_(\d+){BN}", "{#1}.pointwise"),
        (r"conv_preds", "head.classifier"),
    ),
)
MOBILENET_V2 = Naming(
    name="keras mobilenet_v2",
    epsilon=1e-3,
    tensorflow=True,
    rules=(
        (r"(?:Conv1|(?P<norm>bn_Conv1))", "stem.conv"),
        (rf"expanded_conv_(depthwise|project){BN}", "stage1.block1.{1}"),
        (rf"block_(\d+)_(expand|depthwise|project){BN}", "{#1+1}.{2}"),
        (rf"Conv_1{BN}", "last.conv"),
        (r"predictions|Logits", "head.classifier"),
    ),
)
NAMINGS = (MOBILENET_V1, MOBILENET_V2)
