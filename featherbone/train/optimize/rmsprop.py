"""RMSprop as the papers of light networks use it: TensorFlow's, which is not PyTorch's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

DECAY = 0.9  # of the mean square: Inception V3 (arXiv:1512.00567, section 8), MobileNetV2, MnasNet, EfficientNet


class RMSprop(torch.optim.Optimizer):
    """square ← 0.9 · square + 0.1 · g²;  velocity ← momentum · velocity + rate · g / √(square + ε);  w ← w - velocity.

    >>> weight = torch.nn.Parameter(torch.ones(1))
    >>> optimizer = RMSprop([weight], lr=0.1, momentum=0.9, epsilon=1e-3)
    >>> weight.grad = torch.ones(1)
    >>> optimizer.step()
    >>> round(weight.item(), 5)  # 1 - 0.1 / √(0.9 + 0.1 + 0.001)
    0.90005

    As `tf.train.RMSPropOptimizer` of TensorFlow 1 (ApplyRMSProp): ε stands inside the root, the mean square begins at
    1, so that the first steps are small, and the learning rate is inside the velocity, so that a fall of the rate acts
    slowly. PyTorch's differs in all three, and MnasNet's rates diverge with it. Weight decay is added to the gradient,
    as a loss of ½ · decay · w² does in TensorFlow.
    """

    def __init__(self, params: Iterable[Any], *, lr: float, momentum: float, epsilon: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "epsilon": epsilon, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # no loss is computed again
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            weights = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not weights:
                continue
            squares, velocities = self._kept(weights, "square", 1.0), self._kept(weights, "velocity", 0.0)
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            if group["weight_decay"]:
                gradients = list(torch._foreach_add(gradients, weights, alpha=group["weight_decay"]))
            torch._foreach_mul_(squares, DECAY)
            torch._foreach_addcmul_(squares, gradients, gradients, 1 - DECAY)
            roots = torch._foreach_add(squares, group["epsilon"])
            torch._foreach_sqrt_(roots)
            torch._foreach_mul_(velocities, group["momentum"])
            torch._foreach_addcdiv_(velocities, gradients, list(roots), group["lr"])
            torch._foreach_sub_(weights, velocities)

    def _kept(self, weights: list[Tensor], name: str, first: float) -> list[Tensor]:
        for weight in weights:
            if name not in self.state[weight]:
                self.state[weight][name] = torch.full_like(weight, first)
        return [self.state[weight][name] for weight in weights]
