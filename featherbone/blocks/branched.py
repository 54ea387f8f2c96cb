"""RepVGG's and MobileOne's convolution: linear branches side by side in training, one convolution afterwards."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire


def branched(
    x: Wire,
    out: Dim,
    *,
    kernel: Dim = 3,
    stride: int = 1,
    groups: Dim = 1,
    copies: int = 1,
    scale: bool = True,
    merged: bool = False,
    name: str = "branched",
) -> Wire:
    """A K×K convolution, a 1×1 one and the input itself, each with a norm of its own, summed without an activation.

    >>> from featherbone.graph import image
    >>> graph = branched(image(16, 56), 16).graph("repvgg")
    >>> [node.name for node in graph.nodes if node.operator.kind == "conv"]
    ['branched_branch1', 'branched_scale']
    >>> [node.name for node in branched(image(16, 56), 16, merged=True).graph("repvgg").nodes]
    ['image', 'branched']

    The K×K convolution is there ``copies`` times, the 1×1 one unless ``scale`` is off, the input where shapes
    allow. ``merged`` is what ``featherbone.rewrite`` makes of it once it is trained, and what papers count: one
    convolution with a bias that computes the same.

    Cost per output position: (K² + 1)MN/G, merged K²MN/G. Source: RepVGG, arXiv:2101.03697, section 3.3; copies and
    groups as MobileOne, arXiv:2206.04040, section 3.2.
    """
    if copies < 1:
        raise FeatherboneError(f"copies is {copies}; it must be at least 1")
    if merged:
        return x.conv(out, kernel, stride=stride, groups=groups, bias=True, name=name)
    skip = stride == 1 and x.channels == out
    if copies == 1 and not skip and not scale:  # nothing to sum
        return x.conv(out, kernel, stride=stride, groups=groups, name=name).norm()
    branches = [
        x.conv(out, kernel, stride=stride, groups=groups, name=f"{name}_branch{copy}").norm()
        for copy in range(1, copies + 1)
    ]
    if scale:
        branches.append(x.conv(out, 1, stride=stride, groups=groups, name=f"{name}_scale").norm())
    if skip:
        branches.append(x.norm(name=f"{name}_skip"))
    total, *others = branches
    for number, branch in enumerate(others, start=1):
        total = total.add(branch, name=name if number == len(others) else f"{name}_sum{number}")
    return total
