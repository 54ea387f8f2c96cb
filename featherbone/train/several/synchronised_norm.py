"""Batch norm with the statistics of the whole batch, where several processes have a share of it each.

Chan, Golub and LeVeque's pairwise formulas (1979) put the shares' means and variances together, which loses no digits;
the backward pass sums what each share's gradient says of the common mean and variance. torch's own SyncBatchNorm has
the same formulas, for GPUs only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm


class SynchronisedBatchNorm(_BatchNorm):
    """As `nn.BatchNorm2d` of one process that has the whole batch, with the same names, for maps of any rank."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Any rank with channels."""

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return functional.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        normed, mean, variance, count = _normalise(input, self.weight, self.bias, self.eps)
        if self.running_mean is not None and self.running_var is not None and self.momentum is not None:
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        return normed


def synchronise(network: nn.Module) -> None:
    """Make every batch norm of `network` a synchronised one, with the same parameters and statistics.

    >>> network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    >>> synchronise(network)
    >>> type(network[1]).__name__
    'SynchronisedBatchNorm'
    """
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, _BatchNorm):
                setattr(module, name, _synchronised(child))


def _synchronised(norm: _BatchNorm) -> SynchronisedBatchNorm:
    made = SynchronisedBatchNorm(
        norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats, device="meta"
    )
    made.weight, made.bias = norm.weight, norm.bias
    for name, buffer in norm.named_buffers():
        setattr(made, name, buffer)
    made.train(norm.training)
    return made


def _normalise(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Normalised x, and the mean, the biased variance and the count of the whole batch."""
    found: tuple[Tensor, Tensor, Tensor, Tensor] = _Normalise.apply(x, weight, bias, epsilon)  # type: ignore[no-untyped-call]
    return found


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        over = [side for side in range(x.dim()) if side != 1]
        channels, own_count = x.shape[1], x.numel() // x.shape[1]
        variance, mean = torch.var_mean(x.float(), over, correction=0)
        own = torch.cat([mean, variance, mean.new_tensor([own_count])])
        parts = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, own)
        table = torch.stack(parts).double()
        means, variances, counts = table[:, :channels], table[:, channels:-1], table[:, -1:]
        count = counts.sum()
        common = (counts * means).sum(0) / count
        spread = (counts * (variances + (means - common) ** 2)).sum(0) / count
        mean, variance = common.float(), spread.float()
        context.save_for_backward(x, weight, mean, torch.rsqrt(variance + epsilon), count.float())
        normed = functional.batch_norm(x, mean, variance, weight, bias, training=False, eps=epsilon)
        context.mark_non_differentiable(mean, variance, count)
        return normed, mean, variance, count

    @staticmethod
    def backward(context: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, scale, count = context.saved_tensors
        shape = [1, -1, *([1] * (x.dim() - 2))]
        over = [side for side in range(x.dim()) if side != 1]
        gradient = gradient.float()
        centred = (x.float() - mean.view(shape)) * scale.view(shape)
        own = torch.stack([gradient.sum(over), (gradient * centred).sum(over)])
        common = own.clone()
        distributed.all_reduce(common)
        common /= count
        factor = scale if weight is None else scale * weight
        of_x = factor.view(shape) * (gradient - common[0].view(shape) - centred * common[1].view(shape))
        of_weight, of_bias = (None, None) if weight is None else (own[1], own[0])
        return of_x.to(x.dtype), of_weight, of_bias, None
