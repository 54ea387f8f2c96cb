"""Weights of other frameworks under the names and in the layout of PyTorch: Keras, TensorFlow, Flax, Gluon, Paddle."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

TORCH = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
KEYS = {  # what else the last part of a name may be, and what PyTorch calls it
    "gamma": "weight",
    "scale": "weight",
    "beta": "bias",
    "biases": "bias",
    "mean": "running_mean",
    "moving_mean": "running_mean",
    "var": "running_var",
    "variance": "running_var",
    "moving_var": "running_var",
    "moving_variance": "running_var",
    "kernel": "weight",
    "weights": "weight",
    "depthwise_kernel": "weight",
    "depthwise_weights": "weight",
    "pointwise_kernel": "weight",
}
LAST_IS_OUT = ("kernel", "weights", "pointwise_kernel")  # height, width, in, out; or in, out
DEPTHWISE = ("depthwise_kernel", "depthwise_weights")  # height, width, channels, kernels of each channel
NAME = re.compile(rf"(.*?)[./_]*({'|'.join(sorted((*TORCH, *KEYS), key=len, reverse=True))})")
WRAPPING = re.compile(r"^(arg:|aux:|params[./]|batch_stats[./])|:\d+$")
LIKE_DEPTHWISE = re.compile(r"dw|depthwise", re.IGNORECASE)


def in_torch(tensors: Mapping[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], int]:
    """The tensors as PyTorch has them, and how many were named otherwise.

    >>> tensors, changed = in_torch({"conv1/kernel:0": torch.zeros(3, 3, 8, 16), "bn0_gamma": torch.ones(16)})
    >>> {name: tuple(tensor.shape) for name, tensor in tensors.items()}, changed
    ({'conv1.weight': (16, 8, 3, 3), 'bn0.weight': (16,)}, 2)

    Names that end as PyTorch's after a dot, and those that end in no known word, stay as they are.
    """
    result: dict[str, torch.Tensor] = {}
    changed = 0
    for name, tensor in tensors.items():
        bare = WRAPPING.sub("", WRAPPING.sub("", name))
        found = NAME.fullmatch(bare)
        if name.rpartition(".")[2] in TORCH or found is None or not found[1]:
            result[name] = tensor
            continue
        layer, key = found[1].replace("/", "."), found[2]
        if key == "pointwise_kernel":  # beside the depthwise one, in one layer of Keras
            layer += "_pointwise"
        changed += 1
        result[f"{layer}.{KEYS.get(key, key)}"] = _laid_out(tensor, layer, key)
    return result, changed


def _laid_out(tensor: torch.Tensor, layer: str, key: str) -> torch.Tensor:
    """Out first, then in, height and width."""
    if tensor.dim() == 2 and key in LAST_IS_OUT:
        return tensor.t().contiguous()
    if tensor.dim() != 4 or key not in (*LAST_IS_OUT, *DEPTHWISE):
        return tensor
    height, width, channels, kernels = tensor.shape
    single = kernels == 1 and channels > 1 and LIKE_DEPTHWISE.search(layer) is not None
    if key in DEPTHWISE or single:
        return tensor.permute(2, 3, 0, 1).reshape(channels * kernels, 1, height, width).contiguous()
    return tensor.permute(3, 2, 0, 1).contiguous()
