import torch

from featherbone.rewrite.mending.least_squares import fitted
from featherbone.rewrite.mending.moments import Moments

TRUE = torch.tensor([[[1.0, -2.0, 0.5, 3.0]]], dtype=torch.float64)


def moments(rows: int, seed: int, noise: float = 0.0) -> Moments:
    generator = torch.Generator().manual_seed(seed)
    read = torch.cat([torch.randn(1, rows, 3, generator=generator), torch.ones(1, rows, 1)], 2)
    found = Moments()
    found.add(read, read @ TRUE.float().mT + noise * torch.randn(1, rows, 1, generator=generator))
    return found


def test_what_images_tell_is_found() -> None:
    found = fitted(torch.zeros_like(TRUE), moments(200, 0), moments(50, 1), bias=True)
    torch.testing.assert_close(found, TRUE, rtol=1e-4, atol=1e-4)


def test_what_images_cannot_tell_stays() -> None:
    start = TRUE + 0.01
    seen = moments(3, 0, noise=50.0)
    found = fitted(start, seen, moments(400, 1), bias=True)
    plain = torch.linalg.lstsq(seen.read[0], seen.both[0].T).solution.T[None]
    judge = moments(1000, 2)
    assert judge.error(found).item() <= 2 * judge.error(start).item() < judge.error(plain).item()


def test_a_layer_without_bias_keeps_none() -> None:
    start = torch.zeros_like(TRUE)
    assert fitted(start, moments(200, 0), moments(50, 1), bias=False)[..., -1].item() == 0


def test_groups_are_judged_each_for_itself() -> None:
    good, bad = moments(300, 0), moments(3, 0, noise=50.0)
    both = Moments(
        rows=300,
        read=torch.cat([good.read, bad.read * 100]),
        both=torch.cat([good.both, bad.both * 100]),
        written=torch.cat([good.written, bad.written * 100]),
    )
    held_out = moments(400, 1)
    twice = Moments(
        rows=400,
        read=held_out.read.repeat(2, 1, 1),
        both=held_out.both.repeat(2, 1, 1),
        written=held_out.written.repeat(2, 1),
    )
    found = fitted(torch.cat([TRUE * 0, TRUE]), both, twice, bias=True)
    torch.testing.assert_close(found[:1], TRUE, rtol=1e-3, atol=1e-3)
    assert moments(1000, 2).error(found[1:]).item() < 1
