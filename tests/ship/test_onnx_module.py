"""A PyTorch module from elsewhere becomes an ONNX file that computes the same, or is refused and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from featherbone.errors import FeatherboneError
from featherbone.importing import read_model
from featherbone.measure.onnx_session import open_session
from featherbone.ship.onnx_module import export_module


class Mine(nn.Module):
    """What people write: layers by name, functions, a block in a list, two results."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.blocks = nn.ModuleList([nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Hardswish())])
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")
        self.pool = nn.AvgPool2d(3, 2, 1)
        self.head = nn.Linear(8, 5)
        nn.init.uniform_(self.norm.running_var, 0.5, 2)
        nn.init.normal_(self.norm.running_mean)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.norm(self.stem(x)))
        for block in self.blocks:
            x = x + self.pool(self.up(block(x)))
        return x, self.head(F.dropout(x.mean((2, 3)), 0.5, self.training))


class Half(nn.Module):
    """Computes in half precision, which a graph does not say."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x: Tensor) -> Tensor:
        kept: Tensor = self.conv(x).half().float()
        return kept


class Bare(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernels = nn.Parameter(torch.randn(4, 3, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernels)


def test_a_module_of_ones_own(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, path = Mine(), tmp_path / "mine.onnx"
    graph = export_module(net, path, (3, 16, 16))
    assert net.training, "the module is left as it was"
    assert graph == read_model(net, (3, 16, 16))
    onnx.checker.check_model(onnx.load(path), full_check=True)
    noise = torch.randn(5, 3, 16, 16)
    with torch.inference_mode():
        expected = net.eval()(noise)
    found = open_session(path).run(None, {"image": noise.numpy()})
    assert all(np.allclose(ours.numpy(), theirs, atol=1e-5) for ours, theirs in zip(expected, found, strict=True))


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.PReLU()), "opaque prelu is outside the vocabulary"),
        (nn.Sequential(nn.Conv2d(3, 4, 3, padding_mode="reflect", padding=1)), "opaque pad is outside the vocabulary"),
        (nn.Sequential(nn.Conv2d(3, 4, 3)).double(), "the graph needs float32"),
        (Half(), "computes something that its graph does not say"),
        (Bare(), r"no conv\.weight in its state dict: conv reads weights"),
    ],
    ids=["opaque", "reflected", "double", "half", "bare"],
)
def test_what_would_be_another_network_is_refused(net: nn.Module, message: str, tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match=message):
        export_module(net, tmp_path / "refused.onnx", (3, 16, 16))
    assert not list(tmp_path.iterdir()), "nothing is left behind"
