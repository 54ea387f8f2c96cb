"""What papers measured, as a search's first guess: it ranks designs before any has a score; the surrogate starts there.

Each belief is a difference in the log-odds of top-1 that a paper reports for one change with all else the same:

- squeeze-and-excitation: Hu et al. 2018, arXiv:1709.01507, tables 2 and 3: ResNet-50 75.20 to 76.71 %, ShuffleNet 67.4
  to 69.0 %, MobileNet 71.6 to 74.7 %; the mean of the three;
- hard_swish: Ramachandran et al. 2017, arXiv:1710.05941: 0.9 points for a network of mobile size with swish, of which
  Howard et al. 2019, arXiv:1905.02244, section 5.2, keep all with the hard form;
- a shortcut around each block: He et al. 2016, arXiv:1512.03385, table 2: 34 layers, 71.46 to 74.97 %;
- twice the multiply-adds, parameters being the same: Howard et al. 2017, arXiv:1704.04861, table 7: 128 to 224 pixels,
  64.4 to 70.6 %;
- twice the parameters, multiply-adds being the same: Sandler et al. 2018, arXiv:1801.04381, networks that its authors
  publish: width 0.5 at 224 pixels 65.4 % (97 M, 1.95 M), 0.75 at 160 pixels 66.4 % (107 M, 2.61 M);
- what is depthwise: Tan and Le 2021, arXiv:2104.00298, table 3, EfficientNetV2 with whole convolutions in all stages,
  81.7 %, in the early ones only, 83.1 %, in none, 82.8 %;
- the number of blocks: nine are right for ResNet-20 (41 M multiply-adds; He et al., section 4.2), and 1.2 times as many
  for each doubling of the cost (Tan and Le 2019, arXiv:1905.11946, section 3.3). More or fewer lose with the square of
  the logarithm, by as much as eight instead of thirteen do in table 5 of Howard et al. 2017: 68.4 to 65.3 %.

They were measured on ImageNet, with schedules of a hundred epochs. What is learned beside a network's convolutions pays
late: on a schedule of six, squeeze-and-excitation cost two ResNets on CIFAR-10 0.2 and 1.0 points of 80 instead. So the
first two are believed as far as the schedule goes. Depth pays late too: there five blocks were right and seven too
many. A search's own scores overrule them all.
"""

from __future__ import annotations

import math

import numpy as np

from featherbone.search.propose.features import Features
from featherbone.search.space.block_facts import facts

LAST_DEPTHWISE, FIRST_DEPTHWISE = 0.097, -0.021  # log-odds where the last stage is, and where the first is as well
EXCITED, HARD_SWISH, SHORTCUT = 0.105, 0.046, 0.18  # log-odds where every block has it
RIGHT, AT, DEEPER = 9, 41e6, 1.2  # blocks, multiply-adds, and how many times as many blocks for twice of them
BLOCKS = 0.17  # log-odds that are lost with twice or half as many
EARLY = -0.04  # log-odds of squeeze-and-excitation on the shortest schedules
SHALLOW = 0.7  # of the right number of blocks, on the shortest schedules
WHOLE = 100  # epochs of the papers' schedules
MACS = 0.283 / math.log2((224 / 128) ** 2)
PARAMS = (0.681 - 0.637 - MACS * math.log2(107 / 97)) / math.log2(2.61 / 1.95)


class Prior:
    """The log-odds of top-1 that papers make one expect of the designs of a space, up to a constant.

    >>> from featherbone.search.costs.batch import SpaceCosts
    >>> from featherbone.search.space.design import Design
    >>> from featherbone.search.space.matrix import encode
    >>> from featherbone.search.space.named import named_space
    >>> features = Features(SpaceCosts(named_space("light", (8,)), classes=10, channels=1))
    >>> designs = [Design.parse(f"r8 | stem w8 | {block} w16 | {block} w16 s2") for block in ("standard", "basic")]
    >>> plain, residual = Prior(features, epochs=30).of(features.of(encode(features.space, designs)))
    >>> bool(plain < residual)
    True
    """

    def __init__(self, features: Features, *, epochs: int) -> None:
        late = min(1.0, epochs / WHOLE)
        self._right = RIGHT * SHALLOW ** (1 - late)
        names = list(features.names)
        excited = [place for place, name in enumerate(names) if name.endswith(" excited")]
        self._blocks, self._macs = names.index("blocks"), names.index("macs")
        self._weights = np.zeros(len(names))
        self._weights[excited] = (late * EXCITED + (1 - late) * EARLY) / len(excited)
        self._weights[self._macs] = MACS
        self._weights[names.index("params")] = PARAMS
        for act in ("hard_swish", "silu"):
            if f"act {act}" in names:
                self._weights[names.index(f"act {act}")] = late * HARD_SWISH
        self._weights[names.index("first depthwise")] = FIRST_DEPTHWISE
        self._weights[names.index("last depthwise")] = LAST_DEPTHWISE
        for kind in features.space.kinds():
            if facts(kind).shortcut:
                self._weights[names.index(f"share of {kind}")] = SHORTCUT

    def of(self, features: np.ndarray) -> np.ndarray:
        """(designs, features) to (designs,)."""
        right = math.log2(self._right) + math.log2(DEEPER) * (features[:, self._macs] - math.log2(AT))
        wrong = np.log2(np.maximum(features[:, self._blocks], 1)) - right
        found: np.ndarray = features @ self._weights - BLOCKS * wrong**2
        return found
