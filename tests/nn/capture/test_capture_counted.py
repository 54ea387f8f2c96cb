"""What a capture counts of rarer functions, and what it names as not counted."""

import pytest
import torch
import torch.nn.functional as F
from one_function import Run, macs
from torch import nn

import featherbone
from featherbone.cost import count
from featherbone.nn.capture import capture, trace
from featherbone.nn.capture.calls import call_named


def test_products_count_each_multiplication():
    assert macs(lambda self, a, b: a @ b, (4, 5, 6), (4, 6, 7)) == 4 * 5 * 6 * 7
    assert macs(lambda self, a, b: torch.einsum("bhqd,bhkd->bhqk", a, b), (4, 5, 6), (4, 7, 6)) == 4 * 5 * 6 * 7
    assert macs(lambda self, a: torch.einsum("...ij,jk->...ik", a, self.w), (4, 5, 6), w=(6, 7)) == 4 * 5 * 6 * 7
    assert macs(lambda self, a: F.linear(a, self.w), (5, 6), w=(7, 6)) == 5 * 6 * 7
    assert macs(lambda self, a: torch.baddbmm(a, a, a), (6, 6)) == 6**3
    assert macs(lambda self, q, k: F.scaled_dot_product_attention(q, k, k), (2, 5, 8), (2, 9, 8)) == 2 * 5 * 9 * 16
    assert macs(lambda self, x: F.conv1d(x, self.w, groups=2), (4, 10), w=(6, 2, 3)) == 8 * 6 * 2 * 3
    assert macs(lambda self, x: F.conv3d(x, self.w), (2, 4, 5, 6), w=(3, 2, 3, 3, 3)) == 2 * 3 * 4 * 3 * 2 * 27
    assert macs(lambda self, x: F.conv_transpose2d(x, self.w, stride=2), (4, 5, 6), w=(4, 3, 2, 2)) == 120 * 3 * 4
    frames = macs(lambda self, x: F.conv2d(x.flatten(0, 1), self.w), (6, 3, 8, 8), w=(2, 3, 1, 1))
    assert frames == 6 * 64 * 3 * 2  # six frames in the batch's place


def test_parts_of_complex_tensors():
    class Spectrum(nn.Module):
        def __init__(self):
            super().__init__()
            self.real, self.imaginary = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x):
            spectrum = torch.fft.fft(x)
            return self.real(spectrum.real) + self.imaginary(spectrum.imag)

    found = featherbone.profile(Spectrum(), (4, 8))
    assert found.macs == 2 * 4 * 8 * 8
    assert [label for _, label in found.uncounted] == ["fft_fft"]


def test_a_chain_of_matrices_is_multiplied_in_the_order_that_needs_least():
    product = torch.linalg.multi_dot
    left = 16 * 64 * 8 + 16 * 8 * 32
    assert macs(lambda self, x: product([x[0], self.a, self.b]), (16, 64), a=(64, 8), b=(8, 32)) == left
    right = 8 * 32 + 64 * 8 + 16 * 64
    model = Run(lambda self, x: product([x[0], self.a, self.b, self.c]), a=(64, 8), b=(8, 32), c=(32,))
    vector = capture(model, (16, 64))
    assert (count(vector).macs, vector.output_shape) == (right, (16,))
    assert macs(lambda self, x: torch.linalg.vecdot(x, self.a), (64, 8), a=(64, 8)) == 64 * 8


@pytest.mark.parametrize("norm", [torch.linalg.norm, torch.linalg.vector_norm, torch.linalg.matrix_norm])
def test_norms_are_free_unless_they_need_singular_values(norm):
    assert macs(lambda self, x: norm(x), (4, 4)) == 0
    if norm is not torch.linalg.vector_norm:
        assert not count(capture(Run(lambda self, x: norm(x[0], 2)), (4, 4))).complete


def test_what_inverts_or_factors_is_listed():
    for name in ("inv", "svd", "qr", "cholesky"):
        found = count(capture(Run(lambda self, x, name=name: getattr(torch.linalg, name)(x)), (4, 4)))
        assert [label for _, label in found.uncounted] == [f"linalg_{name}"]


def test_flex_attention_is_counted_as_attention_compiled_or_not():
    flex = pytest.importorskip("torch.nn.attention.flex_attention")

    class Causal(nn.Module):
        def __init__(self, attend):
            super().__init__()
            self.qkv, self.attend = nn.Linear(16, 48), attend

        def forward(self, x):
            heads = self.qkv(x).reshape(1, 32, 3, 2, 8).permute(2, 0, 3, 1, 4)
            mask = flex.create_block_mask(lambda b, h, i, j: i >= j, None, None, 32, 32, device="cpu")
            return self.attend(*heads, block_mask=mask, score_mod=lambda s, b, h, i, j: s + i - j)

    for attend in (flex.flex_attention, torch.compile(flex.flex_attention, backend="eager")):
        captured = trace(Causal(attend), (32, 16))
        found = count(captured.graph)
        assert (found.macs, found.complete) == (32 * 16 * 48 + 2 * 32 * 32 * (8 + 8), True)
        assert captured.warnings == ()
        assert captured.graph.output_shape == (2, 32, 8)
    assert flex._FLEX_ATTENTION_DISABLE_COMPILE_DEBUG is False


def test_operators_of_torchvision_are_free_but_for_its_convolution():
    assert all(call_named(f"torchvision.{name}").free for name in ("nms", "roi_align", "roi_pool", "ps_roi_align"))
    assert not call_named("torchvision.deform_conv2d").free
    assert not call_named("other.deform_conv2d").free


def test_a_detector_that_finds_nothing_joins_nothing():
    class Finds(nn.Module):
        def forward(self, scores):
            kept = [scores.flatten()[scores.flatten() > 2] for _ in range(3)]  # noise lies below one
            return torch.cat(kept), torch.cat([*kept, scores.flatten()])

    captured = trace(Finds(), (8,))
    assert [tensor.shape for tensor in map(captured.graph.__getitem__, captured.graph.outputs)] == [(0,), (8,)]


def test_a_product_with_a_sparse_table_is_named_as_not_counted():
    class OnGraph(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(8, 4)
            self.register_buffer("neighbours", torch.eye(10).to_sparse())

        def forward(self, x):
            return torch.sparse.mm(self.neighbours, self.linear(x[0]))

    cost = count(trace(OnGraph(), (10, 8)).graph)  # it is run on real tensors, and says so
    assert (cost.macs, cost.params, cost.complete) == (10 * 8 * 4, 36, False)
    assert [kind for _, kind in cost.uncounted] == ["_sparse_mm"]
