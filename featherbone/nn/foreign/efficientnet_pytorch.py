"""The names of the package efficientnet_pytorch, which pads as TensorFlow, in EfficientNet and EfficientNet-Lite."""

from __future__ import annotations

from featherbone.nn.foreign.naming import Naming

AT = r"_blocks\.(\d+)\."
EFFICIENTNET = Naming(
    name="efficientnet_pytorch",
    epsilon=1e-3,
    tensorflow=True,
    rules=(
        (r"_conv_stem|(?P<norm>_bn0)", "stem.conv"),
        (rf"{AT}(?:_expand_conv|(?P<norm>_bn0))", "{#1+1}.expand"),
        (rf"{AT}(?:_depthwise_conv|(?P<norm>_bn1))", "{#1+1}.depthwise"),
        (rf"{AT}_se_(reduce|expand)", "{#1+1}.se.{2}"),
        (rf"{AT}(?:_project_conv|(?P<norm>_bn2))", "{#1+1}.project"),
        (r"_conv_head|(?P<norm>_bn1)", "last.conv"),
        (r"_fc", "head.classifier"),
    ),
)
NAMINGS = (EFFICIENTNET,)
