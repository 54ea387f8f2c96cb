"""What a layer reads can be inverted even where images are alike, few, or all 0."""

from __future__ import annotations

import pytest
import torch

from featherbone.rewrite.mending.covariance import covariance, definite
from featherbone.rewrite.mending.moments import Moments

GENERATOR = torch.Generator().manual_seed(0)
ROWS = torch.cat([torch.randn(2, 40, 6, generator=GENERATOR), torch.ones(2, 40, 1)], 2)


def seen(rows: torch.Tensor) -> Moments:
    found = Moments()
    found.add_read(rows)
    return found


@pytest.mark.parametrize("about_mean", [False, True])
@pytest.mark.parametrize(
    "rows",
    [
        torch.zeros(1, 9, 5),
        torch.ones(1, 9, 5),
        1000 + torch.zeros(1, 70000, 5),
        torch.cat([torch.randn(1, 2, 30, generator=GENERATOR), torch.ones(1, 2, 1)], 2),
        ROWS * torch.tensor([1.0, 0.0, 1e-6, 1.0, 1e4, 1.0, 1.0]),
    ],
    ids=["nothing", "alike", "large and alike", "two rows", "dead and loud"],
)
def test_it_can_be_inverted(rows: torch.Tensor, about_mean: bool) -> None:
    held = definite(seen(rows), 1e-2, about_mean=about_mean)
    assert not torch.linalg.cholesky_ex(held).info.any()
    assert bool(torch.linalg.inv(held).isfinite().all())


def test_where_images_tell_enough_a_share_of_the_diagonal_is_all_that_comes_in() -> None:
    plain = covariance(seen(ROWS), about_mean=True)
    wanted = torch.stack([torch.cov(group[:, :-1].T.double(), correction=0) for group in ROWS])
    torch.testing.assert_close(plain, wanted, rtol=1e-5, atol=1e-6)
    added = definite(seen(ROWS), 0.1, about_mean=True) - plain
    share = 0.1 * plain.diagonal(dim1=1, dim2=2).mean(1)
    torch.testing.assert_close(added, torch.diag_embed(share[:, None].expand(2, 6)), rtol=1e-3, atol=1e-5)
