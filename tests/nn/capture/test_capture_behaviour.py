"""What a capture leaves behind, says and names."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from import_models import Attention, LooksAtValues, Reader, Squeezed, Unet
from one_function import Run, macs, only
from torch import nn

import featherbone
from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.nn.capture import CaptureWarning, capture, trace


def test_names_follow_the_modules_and_weights_keep_theirs():
    model = Attention()
    graph = capture(model, (3, 32, 32))
    assert {name for name, _ in model.named_parameters()} - set(graph.parameters()) == {"token", "positions", "scale"}
    assert graph["qkv"].operator.label == "linear"
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)
    assert [node.name for node in graph.nodes] == [node.name for node in capture(model, (3, 32, 32)).nodes]


def test_the_model_is_left_as_it_was():
    class Caches(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.kept = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), None
            self.register_buffer("seen", torch.zeros(1))

        def forward(self, x):
            self.kept = self.conv(x)
            self.seen += 1  # type: ignore[assignment]
            self.register_buffer("late", torch.ones(2))
            return self.norm(self.kept)

    model = Caches().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    capture(model, (3, 8, 8))
    assert model.training
    assert model.norm.training
    kinds = only(lambda self, x: x.relu() if self.training else x.sigmoid(), (3, 4, 4))
    assert [operator.function for operator in kinds] == ["sigmoid"]  # it runs as at inference
    assert model.kept is None
    assert list(model.state_dict()) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert nn.Module.__call__ is nn.Module._wrapped_call_impl


def test_a_model_that_looks_at_values_runs_on_real_tensors_and_says_so():
    captured = trace(LooksAtValues(), (3, 8, 8))
    assert "looks at the values of a tensor (bool)" in captured.warnings[0]
    assert "real tensors" in captured.warnings[0]
    assert count(captured.graph).macs == 36 * 27 * 4
    with pytest.warns(CaptureWarning, match="real tensors"):
        capture(LooksAtValues(), (3, 8, 8))


def test_unused_parameters_are_mentioned():
    model = Unet()
    model.spare = nn.Linear(3, 3)
    assert "12 of the parameters are not used" in trace(model, (1, 32, 32)).warnings[0]


def test_an_operator_without_a_rule_is_listed():
    cost = count(capture(Run(lambda self, x: torch.fft.fft2(torch.fft.fft2(x)).abs()), (3, 8, 8)))
    assert not cost.complete
    assert [label for _, label in cost.uncounted] == ["fft_fft2", "fft_fft2"]


def test_patterns_of_the_vocabulary():
    def shuffled(self, x):
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)

    assert [operator.kind for operator in only(shuffled, (8, 4, 4))] == ["channel_shuffle"]
    assert [operator.kind for operator in only(lambda self, x: x.mean([2, 3]), (8, 4, 4))] == ["global_pool", "flatten"]
    assert only(lambda self, x: x[:, 2:5], (8, 4, 4))[0].start == 2
    assert only(lambda self, x: x[:, :, ::2, ::2], (8, 4, 4))[0].kernel == (1, 1)
    assert [operator.kind for operator in only(lambda self, x: F.adaptive_avg_pool2d(x, 2), (8, 4, 4))] == ["avg_pool"]
    assert only(lambda self, x: F.adaptive_avg_pool2d(x, 3), (8, 4, 4))[0].label == "adaptive_avg_pool"
    padded = only(lambda self, x: F.conv2d(F.pad(x, (0, 1, 0, 1)), self.weight), (3, 4, 4), weight=(2, 3, 3, 3))
    assert padded[0].padding == ((0, 1), (0, 1))
    assert len(padded) == 1
    ones = only(lambda s, x: F.conv2d(F.pad(x, (1, 1, 1, 1), value=1.0), s.weight), (3, 4, 4), weight=(2, 3, 3, 3))
    assert [operator.kind for operator in ones] == ["opaque", "conv"]
    reflected = only(lambda s, x: F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), s.weight), (3, 4, 4), weight=(2, 3, 3, 3))
    assert [operator.kind for operator in reflected] == ["opaque", "conv"]


def test_in_place_operations_change_everyone_who_holds_the_tensor():
    def residual(self, x):
        kept = x
        x = F.relu(x, inplace=True)
        return kept + x

    graph = capture(Run(residual), (3, 4, 4))
    assert graph.nodes[-1].inputs == ("function_relu",) * 2 or len(set(graph.nodes[-1].inputs)) == 1

    def filled(self, x):
        canvas = torch.zeros(1, 3, 8, 8)
        canvas[:, :, :4, :4] = x
        return F.conv2d(canvas, self.weight)

    assert macs(filled, (3, 4, 4), weight=(2, 3, 3, 3)) == 36 * 27 * 2

    def copied(self, x):
        canvas = x.new_full((1, 3, 8, 8), 0.0)
        for image in canvas:
            image[:, :4, :4].copy_(x[0])
        return F.conv2d(canvas, self.weight)

    assert macs(copied, (3, 4, 4), weight=(2, 3, 3, 3)) == 36 * 27 * 2


def test_multihead_attention_in_any_order_of_its_axes():
    for first in (True, False):
        model = nn.MultiheadAttention(16, 4, batch_first=first)
        cost = count(capture(Run(lambda self, x, m=model: m(x, x, x)[0]), (5, 16)))
        length, batch = (5, 1) if first else (1, 5)
        assert cost.macs == batch * length * (4 * 16 * 16 + 2 * length * 16)


def test_weights_that_are_made_from_weights_are_counted_once():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), nn.GroupNorm(2, 4), nn.PReLU(4))
    cost = count(capture(model, (3, 8, 8)))
    assert cost.params == sum(weight.numel() for weight in model.parameters())
    assert cost.macs == 36 * 27 * 4


def test_weights_added_in_place_to_others_are_all_counted():
    def positions(self, x):
        place = self.rows.unsqueeze(0).expand(4, -1, -1).clone()
        place.add_(self.columns.unsqueeze(1))
        return x + place

    cost = count(capture(Run(positions, rows=(4, 8), columns=(4, 8)), (4, 4, 8)))
    assert (cost.params, cost.macs) == (64, 0)


def test_a_billion_parameters_need_no_memory():
    with torch.device("meta"):
        model = nn.Sequential(*[nn.Linear(8192, 8192) for _ in range(16)])
    assert featherbone.profile(model, (8192,)).params == 16 * (8192 * 8192 + 8192)


def test_inputs_that_do_not_fit_say_what_to_do():
    with pytest.raises(FeatherboneError, match="takes 1 inputs") as caught:
        capture(Unet(), (1, 8, 8), (1, 8, 8))
    assert "featherbone.profile(model, inputs=(x,))" in caught.value.hint
    with pytest.raises(FeatherboneError, match="takes whole numbers") as caught:
        capture(Reader(), (7,))
    assert "--input 128:int64" in caught.value.hint
    with pytest.raises(FeatherboneError, match="takes 1 channels and is given 3"):
        capture(Unet(), (3, 8, 8))
    with pytest.raises(FeatherboneError, match="is no input"):
        capture(Unet(), "large")
    with pytest.raises(FeatherboneError, match=r"not a torch\.nn\.Module"):
        capture(Unet, (1, 8, 8))
    with pytest.raises(FeatherboneError, match="fails on an input of shape"):
        capture(nn.Sequential(nn.Flatten(), nn.Unflatten(1, (7, 7))), (1, 8, 8))


def test_a_given_batch_is_read_as_one_example():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert capture(Squeezed(), torch.rand(5, 3, 33, 33)) == capture(Squeezed(), (3, 33, 33))


def test_a_profile_is_the_count_of_what_is_captured():
    assert featherbone.profile(Unet(), (1, 32, 32)).macs == count(capture(Unet(), (1, 32, 32))).macs
    assert featherbone.profile("mobilenet_v2").macs == 300_774_272


def test_constants_without_values_follow_the_input_to_its_device():
    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.frequencies = nn.Parameter(torch.ones(4))
            self.register_buffer("steps", torch.arange(4.0))

        def forward(self, x):
            return x * (self.steps[None].float().to(x.device) + self.frequencies.to(x.device))

    with torch.device("meta"):
        model = Positions()
    captured = trace(model, (4,))
    assert captured.warnings == ()
    assert captured.graph.output_shape == (4,)


def test_what_a_model_compiles_is_captured_as_it_was_written():
    model = Run(torch.compile(lambda self, x: torch.relu(x @ self.a), backend="eager"), a=(64, 8))
    assert count(capture(model, (16, 64))).macs == 16 * 64 * 8


def test_a_wrong_input_is_not_called_a_lack_of_weights():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)

        def forward(self, batch):
            if not isinstance(batch, dict):
                raise TypeError("a dictionary is wanted")
            return self.conv(batch["image"])

    with torch.device("meta"):
        model = Named()
    with pytest.raises(FeatherboneError, match="a dictionary is wanted") as raised:
        capture(model, (3, 8, 8))
    assert "check the input" in raised.value.hint
