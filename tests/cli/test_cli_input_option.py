"""``--input``: sizes, types and names of what a model takes, and the error that says how to give them."""

import pytest

from featherbone.importing import takes_inputs

SOURCE = """
import torch
from torch import nn

class Retrieve(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(1000, 32)
        self.mix = nn.Linear(32, 8)
    def forward(self, ids, mask):
        return self.mix(self.words(ids) * mask.unsqueeze(-1))

class Detect(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
    def forward(self, images):
        return [self.conv(image[None]) for image in images]

gray = lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten())
"""


@pytest.fixture
def models(tmp_path, monkeypatch):
    (tmp_path / "asks.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_several_and_whole_numbered_inputs_from_the_shell(models, featherbone):
    ended = featherbone(
        "cost", "asks.py:Retrieve", "--input", "ids:128:int64", "--input", "mask:128", "--format", "json"
    )
    assert ended.code == 0, ended.err
    assert f'"macs": {128 * 32 * 8}' in ended.out
    for order in (["128:int64", "128"], ["128:int64", "mask:128"], ["mask:128", "ids:128:int64"]):
        arguments = [word for text in order for word in ("--input", text)]
        assert featherbone("cost", "asks.py:Retrieve", "--json", *arguments).out.count(f'"macs": {128 * 32 * 8}')
    lists = featherbone("cost", "asks.py:Detect", "--input", "images:[3x32x32,3x64x32]", "--json")
    assert f'"macs": {8 * 27 * (16 * 16 + 32 * 16)}' in lists.out, lists.err


def test_what_the_error_says_can_be_typed(models, featherbone):
    ended = featherbone("cost", "asks.py:Retrieve")
    assert ended.code == 2
    assert "takes 2 inputs (ids, mask)" in ended.err
    assert "--input ids:3x224x224 --input mask:3x224x224, whole numbers as ids:128:int64" in ended.err
    assert "takes whole numbers" in featherbone("cost", "asks.py:Retrieve", "--input", "128", "--input", "128").err
    gray = featherbone("cost", "asks.py:gray")
    assert "takes 1 channels and is given 3; no input was given, so 3×224×224 was assumed" in gray.err
    assert "--input 1x28x28" in gray.err
    assert featherbone("cost", "asks.py:gray", "--input", "1x28x28").code == 0


def test_commands_that_take_several_models_give_inputs_to_those_that_ask(models, featherbone):
    ended = featherbone("compare", "mobilenet_v2", "asks.py:gray", "--input", "1x28x28")
    assert ended.code == 0, ended.err
    refused = featherbone("compare", "mobilenet_v2", "vgg16", "--input", "1x28x28")
    assert refused.code == 2
    assert "say themselves what they take" in refused.err
    assert featherbone("show", "asks.py:gray", "--input", "1x28x28").out.count("1×28×28")
    assert "says itself what it takes" in featherbone("cost", "mobilenet_v2", "--input", "3x160x160").err
    assert [takes_inputs(name) for name in ("asks.py:gray", "vgg16", "mobilenet_v2:width=0.5", "a.ONNX")] == [
        True,
        False,
        False,
        True,
    ]


def test_every_line_fits_a_hundred_columns(featherbone):
    for arguments in (("resnet50", "--depth", "2"), ("resnet50", "--operators"), ("ghostnet",)):
        assert max(map(len, featherbone("cost", *arguments).out.splitlines())) <= 100, arguments
