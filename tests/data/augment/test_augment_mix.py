"""Mixup and CutMix: shares of pixels are shares of the label, pair by pair."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from featherbone.data.augment.mix import draw_beta, draw_mix, mixed


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def cumulative(alpha: float, x: float) -> float:
    """Of Beta(α, α), by the midpoint rule after u = t^α, which takes the pole at 0 away."""
    steps = 20_000

    def part(limit: float) -> float:
        width = limit**alpha / steps
        return sum((1 - ((k + 0.5) * width) ** (1 / alpha)) ** (alpha - 1) for k in range(steps)) * width / alpha

    return part(x) / (2 * part(0.5))


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_beta_has_its_distribution(alpha: float) -> None:
    drawn = draw_beta(torch.full((400_000,), alpha, dtype=torch.float64), generator())
    assert ((drawn >= 0) & (drawn <= 1)).all()
    assert abs(drawn.mean() - 0.5) < 0.002
    assert abs(drawn.var(correction=0) - 1 / (4 * (2 * alpha + 1))) < 0.0005
    for x in (0.05, 0.2, 0.4):
        assert abs((drawn < x).double().mean() - cumulative(alpha, x)) < 0.002


def test_extreme_alphas_stay_finite() -> None:
    for alpha in (1e-3, 100.0):
        drawn = draw_beta(torch.full((2000,), alpha, dtype=torch.float64), generator())
        assert drawn.isfinite().all()
    assert (drawn - 0.5).abs().max() < 0.2


def batch(count: int, size: int = 8) -> tuple[Tensor, Tensor]:
    """Image i is all i and has class i."""
    return torch.arange(float(count)).view(-1, 1, 1, 1).expand(count, 3, size, size).contiguous(), torch.arange(count)


def test_mixup_lays_the_partner_over_the_image() -> None:
    images, labels = batch(64)
    partner, share, boxes = draw_mix(64, (8, 8), 0.4, 0.0, generator())
    assert sorted(partner.tolist()) == list(range(64))
    assert len(set(share.tolist())) > 60
    found, targets = mixed(images, labels, images[partner], partner, share=share, boxes=boxes, classes=64)
    expected = share * labels + (1 - share) * partner
    assert torch.allclose(found, expected.view(-1, 1, 1, 1).expand_as(found), atol=1e-4)
    assert targets.dtype == torch.float32
    assert torch.allclose(targets.sum(dim=1), torch.ones(64))
    assert torch.allclose(targets @ torch.arange(64.0), expected, atol=1e-4)


def test_cutmix_takes_one_rectangle_and_its_area_is_the_label() -> None:
    images, labels = batch(512, size=16)
    partner, share, boxes = draw_mix(512, (16, 16), 0.0, 1.0, generator())
    found, targets = mixed(images, labels, images[partner], partner, share=share, boxes=boxes, classes=512)
    other = partner != labels
    taken = (found == partner.view(-1, 1, 1, 1)) & other.view(-1, 1, 1, 1)
    kept = found == images
    assert (taken | kept).all()
    masks = taken[:, 0]
    assert torch.equal(masks, masks.any(dim=2)[:, :, None] & masks.any(dim=1)[:, None, :])
    area = kept[:, 0].flatten(1).float().mean(dim=1)
    own = targets.gather(1, labels[:, None])[:, 0]
    assert torch.allclose(own[other], area[other], atol=1e-6)
    assert torch.allclose(targets.sum(dim=1), torch.ones(512))
    assert masks.any(dim=0).all(), "a rectangle reaches every pixel of some image, those at the edges too"
    # λ of Beta(1, 1) is uniform; what is cut off at the edges leaves more of the image
    assert 0.5 < area[other].mean() < 0.75
    assert area.min() < 0.3


def test_with_both_half_of_the_images_get_either() -> None:
    _, share, boxes = draw_mix(4000, (32, 32), 0.2, 1.0, generator())
    cut = boxes[:, 2] > 0
    assert 0.4 < cut.double().mean() < 0.52  # an empty rectangle counts as none here
    areas = 1 - boxes[cut, 2] * boxes[cut, 3] / 32**2
    assert torch.allclose(share[cut], areas)
    # of mixup 1/2, of CutMix 1 - E[(s - s²/4)²] = 0.68 with s² uniform: a rectangle loses s²/4 of a side at the edges
    assert math.isclose(share.mean().item(), 0.59, abs_tol=0.03)


def test_shares_of_one_and_zero_copy_exactly() -> None:
    images = torch.randn(2, 3, 4, 4, generator=generator())
    found, targets = mixed(
        images,
        torch.tensor([0, 1]),
        images.flip(0),
        torch.tensor([1, 0]),
        share=torch.tensor([1.0, 0.0]),
        boxes=torch.zeros(2, 4, dtype=torch.int64),
        classes=2,
    )
    assert found.equal(images[[0, 0]])
    assert targets.tolist() == [[1, 0], [1, 0]]
