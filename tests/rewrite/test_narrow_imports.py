"""Narrowing equals masking on what people bring: PyTorch modules with odd wiring, captured, cut, saved and exported."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from narrowing import check_law, lively_weights, outputs, random_cut
from torch import nn

from featherbone.graph import channel_sets
from featherbone.nn import Model, Preprocessing, load_model, save_model, to_onnx
from featherbone.nn.capture import capture
from featherbone.rewrite import narrow


class Dense(nn.Module):
    """Each layer reads all before it, normed and rectified first; a concat of concats."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(8 + 4 * place) for place in range(3))
        self.layers = nn.ModuleList(nn.Conv2d(8 + 4 * place, 4, 3, padding=1) for place in range(3))
        self.head = nn.Linear(20, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = torch.cat([x, layer(F.relu(norm(x)))], 1)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Shuffling(nn.Module):
    """Chunks, a shuffle by hand, groups on both sides of it, and a depthwise filter that writes two maps a channel."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, stride=2)
        self.reduce = nn.Conv2d(12, 15, 1, groups=3)
        self.depthwise = nn.Conv2d(15, 30, 3, padding=1, groups=15)
        self.expand = nn.Conv2d(30, 12, 1, groups=3)
        self.right = nn.Conv2d(6, 6, 3, padding=1)
        self.head = nn.Conv2d(12, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        y = self.reduce(x)
        n, c, h, w = y.shape
        y = y.view(n, 3, c // 3, h, w).transpose(1, 2).reshape(n, c, h, w)
        x = F.relu(x + self.expand(self.depthwise(y)))
        left, right = x.chunk(2, dim=1)
        x = torch.cat([left, self.right(right)], dim=1)
        x = x.view(n, 2, 6, h, w).transpose(1, 2).reshape(n, 12, h, w)
        return F.adaptive_avg_pool2d(self.head(x), 1).flatten(1)


class HighResolution(nn.Module):
    """Two resolutions that are added to each other crosswise, over and over."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Conv2d(3, 6, 3, padding=1)
        self.coarse = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.up = nn.ModuleList(nn.Conv2d(8, 6, 1) for _ in range(2))
        self.down = nn.ModuleList(nn.Conv2d(6, 8, 3, stride=2, padding=1) for _ in range(2))
        self.head = nn.Linear(14, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.fine(x)
        coarse = self.coarse(fine)
        for up, down in zip(self.up, self.down, strict=True):
            higher = F.interpolate(up(coarse), scale_factor=2)
            fine, coarse = torch.sigmoid(fine + higher), torch.sigmoid(coarse + down(fine))
        pooled = [F.adaptive_avg_pool2d(each, 1).flatten(1) for each in (fine, coarse)]
        return self.head(torch.cat(pooled, 1))


class Vectors(nn.Module):
    """Maps that are flattened, and norms and sums of vectors behind them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.first = nn.Linear(6 * 9, 10)
        self.norm = nn.BatchNorm1d(10)
        self.second = nn.Linear(10, 10)
        self.last = nn.Linear(10, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(self.conv(x), 2).flatten(1)
        x = torch.tanh(self.norm(self.first(x)))
        return self.last(x + self.second(x))


class Gated(nn.Module):
    """Squeeze-and-excitation, one map that scales all others, and a transposed convolution in groups with a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, stride=2)
        self.squeeze, self.excite = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.look = nn.Conv2d(8, 1, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 6, 2, stride=2, groups=2)
        self.last = nn.Conv2d(9, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.stem(x)
        y = y * torch.sigmoid(self.excite(F.silu(self.squeeze(F.adaptive_avg_pool2d(y, 1)))))
        y = y * torch.sigmoid(self.look(y))
        return F.adaptive_avg_pool2d(self.last(torch.cat([x, self.up(y)], 1)), 1).flatten(1)


class Twice(nn.Module):
    """One convolution and its norm, used twice, around a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3)
        self.body = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ELU())
        self.other = nn.Conv2d(6, 7, 1)
        self.head = nn.Linear(7, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = x + self.body(self.body(x))
        return self.head(F.adaptive_max_pool2d(self.other(x), 1).flatten(1))


@pytest.mark.parametrize("kind", [Dense, Shuffling, HighResolution, Vectors, Gated, Twice])
def test_a_captured_module_is_narrowed(kind, tmp_path: Path):
    graph = capture(kind(), (3, 8, 8))
    weights, sets = lively_weights(graph), channel_sets(graph)
    cut = random_cut(sets, 0.5, seed=1)
    small = narrow(graph, weights, cut)
    assert check_law(graph, weights, sets, cut, small) < 1e-5
    classes = tuple(f"class {place}" for place in range(graph.output_shape[0]))
    seen = Preprocessing(resolution=8, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3)
    model = Model(graph=small.graph, weights=small.weights, classes=classes, preprocessing=seen)
    save_model(tmp_path / "small.safetensors", model)
    again = load_model(tmp_path / "small.safetensors")
    (tmp_path / "small.onnx").write_bytes(to_onnx(again.graph, again.weights).SerializeToString())
    session = onnxruntime.InferenceSession(tmp_path / "small.onnx", providers=["CPUExecutionProvider"])
    images = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    (said,) = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    assert np.allclose(said, outputs(small.graph, small.weights)[0], atol=1e-5)


def test_captured_weights_go_by_the_names_of_the_module():
    model = Dense()
    graph = capture(model, (3, 8, 8))
    given = {name: model.state_dict()[name] for name in (*graph.parameters(), *graph.buffers())}
    sets = channel_sets(graph)
    assert check_law(graph, given, sets, random_cut(sets, 0.5), narrow(graph, given, random_cut(sets, 0.5))) < 1e-5


def test_what_the_vocabulary_lacks_is_named_and_the_rest_can_be_cut():
    net = nn.Sequential(
        nn.Conv2d(3, 6, 3),
        nn.PReLU(6),
        nn.Conv2d(6, 8, 3),
        nn.ReLU(),
        nn.Conv2d(8, 5, 1),
        nn.Flatten(),
        nn.Linear(80, 2),
    )
    fixed = {space.name: space.fixed for space in channel_sets(capture(net, (3, 8, 8))).spaces}
    assert [why for why in fixed.values() if "vocabulary" in why] == ["prelu is outside the vocabulary (1)"] * 2
    assert list(fixed.values()).count("") == 2
