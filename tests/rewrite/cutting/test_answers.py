import torch

from featherbone.graph import image
from featherbone.nn import module, weights_of
from featherbone.rewrite import TrainedGraph
from featherbone.rewrite.cutting.answers import CutJudge, measured
from featherbone.rewrite.cutting.elimination import Elimination
from featherbone.rewrite.mending.layer_matrix import matrix_of

GRAPH = image(2, 6).conv(6, 3, name="a", bias=True).act("relu").flatten().linear(3, name="b").graph("tiny")
NETWORK = TrainedGraph(GRAPH, weights_of(module(GRAPH, seed=0)))
IMAGES = torch.randn(50, 2, 6, 6, generator=torch.Generator().manual_seed(0))


def test_the_same_matrices_answer_alike_and_others_do_not() -> None:
    judge = CutJudge(NETWORK, IMAGES)
    matrix = matrix_of(GRAPH, GRAPH["b"], NETWORK.weights)[0]
    assert abs(judge.divergence({("b", 0): matrix})) < 1e-6
    assert judge.divergence({("b", 0): 0 * matrix}) > 1e-3


def test_costs_are_scaled_to_what_was_measured() -> None:
    judge = CutJudge(NETWORK, IMAGES)
    matrix = matrix_of(GRAPH, GRAPH["b"], NETWORK.weights)[0]
    half, gone = {("b", 0): 0.5 * matrix}, {("b", 0): 0 * matrix}
    found = measured(Elimination(order=(0, 1, 2, 3), costs=(1.0, 1.0, 1.0, 1.0), matrices={2: half, 4: gone}), judge)
    assert found.order == (0, 1, 2, 3)
    assert abs(sum(found.costs[:2]) - judge.divergence(half)) < 1e-9
    assert abs(sum(found.costs) - judge.divergence(gone)) < 1e-9


def test_what_was_not_measured_stays() -> None:
    found = measured(Elimination(order=(0,), costs=(2.0,), matrices={}), CutJudge(NETWORK, IMAGES))
    assert found.costs == (2.0,)
