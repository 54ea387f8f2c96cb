"""Models whose operators Python does not see, whose weights have no shape yet, or which return nothing to follow."""

import warnings

import pytest
import torch
from torch import nn

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.importing import read


class Standard(nn.Conv2d):
    """A convolution that standardises its weights, as a network without batch norms does."""

    def forward(self, x):
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return nn.functional.conv2d(x, weight, self.bias, self.stride, self.padding)


class Scriptable(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Standard(3, 8, 3, stride=2, padding=1)
        self.norm = nn.Sequential(nn.InstanceNorm2d(8), nn.BatchNorm2d(8), nn.PReLU(8))
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2, groups=2)
        self.head = nn.Linear(4, 10)

    def forward(self, x):
        x = self.norm(self.stem(x))
        x = nn.functional.interpolate(self.up(x), scale_factor=0.5, mode="bilinear")
        return self.head(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)).softmax(1)


@pytest.fixture(autouse=True)
def old_parts_of_torch_may_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def costs(model, *inputs):
    imported = read(model, inputs=inputs)
    counted = count(imported.graph)
    return counted.macs, counted.params, counted.complete


def test_scripts_cost_what_their_source_costs():
    plain = costs(Scriptable(), (3, 16, 16))
    assert plain == (8 * 27 * 64 + 8 * 2 * 4 * 64 + 40, 8 * 28 + 16 + 8 + 8 * 2 * 4 + 4 + 50, True)
    scripted = torch.jit.script(Scriptable())
    assert costs(scripted, (3, 16, 16)) == plain
    assert scripted.training
    assert costs(torch.jit.trace(Scriptable().eval(), torch.rand(1, 3, 16, 16)), (3, 16, 16)) == plain
    assert costs(nn.Sequential(scripted, nn.Linear(10, 2)), (3, 16, 16)) == (plain[0] + 20, plain[1] + 22, True)


@pytest.mark.parametrize("decomposed", [False, True], ids=["exported", "decomposed"])
def test_an_exported_program_costs_what_its_model_costs(decomposed):
    """Its module calls overloads of aten's operators, such as ``torch.ops.aten.conv2d.default``."""
    plain = costs(Scriptable(), (3, 16, 16))
    program = torch.export.export(Scriptable().eval(), (torch.rand(1, 3, 16, 16),))
    if decomposed:
        program = program.run_decompositions()
    assert costs(program.module(), (3, 16, 16)) == plain
    assert costs(program, (3, 16, 16)) == plain


def test_a_scripted_function_in_a_model():
    @torch.jit.script
    def swish(x: torch.Tensor) -> torch.Tensor:
        if x.mean() > 1e9:
            x = x * 2
        return x * torch.sigmoid(x)

    class Swishes(nn.Sequential):
        def forward(self, x):
            return swish(super().forward(x))

    assert costs(Swishes(nn.Conv2d(3, 4, 1)), (3, 5, 5)) == (3 * 4 * 25, 16, True)


def test_vmap_runs_what_it_maps():
    class Maps(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 4)

        def forward(self, x):
            return torch.vmap(lambda row: self.layer(row).relu() @ self.layer.weight, in_dims=1)(x)

    assert costs(Maps(), (5, 8)) == (5 * 8 * 4 * 2, 36, True)


def test_quantized_layers_are_counted_and_their_packed_weights_are_spoken_of():
    from torch.ao import quantization

    dynamic = quantization.quantize_dynamic(nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4)))
    assert costs(dynamic, (16,)) == (640, 0, True)
    assert "keep their weights packed" in " ".join(read(dynamic, (16,)).warnings)
    static = nn.Sequential(
        quantization.QuantStub(), nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2), quantization.DeQuantStub()
    ).eval()
    static.qconfig = quantization.get_default_qconfig("x86")
    prepared = quantization.prepare(static)
    prepared(torch.rand(1, 4, 9, 9))
    assert costs(quantization.convert(prepared), (4, 9, 9)) == (8 * 2 * 9 * 25, 0, True)
    aware = nn.Sequential(quantization.QuantStub(), nn.Conv2d(4, 8, 3))
    aware.qconfig = quantization.get_default_qat_qconfig("x86")
    assert costs(quantization.prepare_qat(aware.train()), (4, 9, 9)) == (8 * 36 * 49, 8 * 37, True)


def test_lazy_modules_get_shapes_in_a_copy():
    model = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(10))
    assert costs(model, (3, 10, 10)) == (8 * 27 * 64 + 5120, 8 * 28 + 16 + 5130, True)
    assert "a copy of it was run once" in read(model, (3, 10, 10)).warnings[0]
    assert isinstance(model[0].weight, nn.parameter.UninitializedParameter)
    with pytest.raises(FeatherboneError, match="has lazy modules, and cannot be run"):
        read(nn.Sequential(nn.LazyConv2d(8, 3), nn.Linear(3, 4)), (3, 10, 10))


def test_steps_of_packed_sequences():
    class Packs(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.GRU(4, 6)

        def forward(self, x, lengths):
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            return nn.utils.rnn.pad_packed_sequence(self.layer(packed)[0], batch_first=True)[0]

    assert costs(Packs(), torch.rand(1, 9, 4), torch.tensor([7])) == (7 * 18 * 10, 18 * 12, True)


def test_a_model_that_returns_an_object_of_its_own():
    class Box:
        def __init__(self, inside):
            self.inside = inside

    class Boxes(nn.Linear):
        def forward(self, x):
            return Box(super().forward(x))

    assert costs(Boxes(4, 5), (4,)) == (20, 25, True)
    assert "what it ran is counted" in read(Boxes(4, 5), (4,)).warnings[0]


def test_a_size_takes_the_type_of_the_weights():
    class Looks(nn.Conv2d):
        def forward(self, x):
            assert x.dtype == self.weight.dtype
            return super().forward(x) if x.sum() < 1e9 else x

    assert costs(Looks(3, 4, 1).bfloat16(), (3, 5, 5)) == (300, 16, True)
    assert costs(Looks(3, 4, 1).bfloat16(), "3x5x5") == (300, 16, True)
