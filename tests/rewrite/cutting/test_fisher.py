import torch

from featherbone.graph import image
from featherbone.nn import module, module_with, weights_of
from featherbone.rewrite import TrainedGraph
from featherbone.rewrite.cutting.fisher import fisher


def test_it_foretells_the_divergence_of_the_answers() -> None:
    graph = image(2, 6).conv(3, 3, name="conv", bias=True).act("silu").flatten().linear(4).graph("tiny")
    weights = weights_of(module(graph, seed=1))
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(3000, 2, 6, 6, generator=generator)
    information = fisher(TrainedGraph(graph, weights), images, ["conv"])["conv"]

    def answers(held: dict[str, torch.Tensor]) -> torch.Tensor:
        with torch.inference_mode():
            return module_with(graph, held).eval()(images).double().log_softmax(1)

    # an error that differs from place to place, which no bias has: by random filters, many times
    ratios = []
    for seed in range(8):
        shift = 0.02 * torch.randn(3, 2, 3, 3, generator=torch.Generator().manual_seed(seed))
        changed = {**weights, "conv.weight": weights["conv.weight"] + shift}
        was, now = answers(weights), answers(changed)
        found = float((was.exp() * (was - now)).sum(1).mean())
        # images of independent pixels: the error at each place has the covariance of the filters
        told = float((information * (shift.flatten(1) @ shift.flatten(1).T).double()).sum()) / 2
        ratios.append(found / told)
    assert 0.5 < sum(ratios) / len(ratios) < 2
