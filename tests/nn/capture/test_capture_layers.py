"""torch.nn's own layers are answered without their forward: that must never be seen, but in the time it takes."""

import copy
import inspect

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from featherbone.cost import count
from featherbone.nn.capture import capture
from featherbone.nn.capture.capture import trace
from featherbone.nn.capture.layers import LAYERS, layer_rule

MAP, VECTOR = (6, 9, 8), (6,)
CASES = [
    (nn.Conv1d(6, 4, 3, padding="same", dilation=2), (6, 9)),
    (nn.Conv2d(6, 8, (3, 2), stride=2, padding=(1, 0), groups=2), MAP),
    (nn.Conv2d(6, 4, 3, padding=1, padding_mode="reflect"), MAP),
    (nn.Conv3d(6, 2, 3, bias=False), (6, 4, 5, 6)),
    (nn.Linear(6, 5), VECTOR),
    (nn.Linear(8, 5, bias=False), MAP),
    (nn.BatchNorm1d(6, affine=False), (6, 9)),
    (nn.BatchNorm2d(6, eps=1e-3, momentum=None), MAP),
    (nn.BatchNorm2d(6, track_running_stats=False), MAP),
    (nn.BatchNorm3d(6), (6, 2, 3, 4)),
    (nn.LayerNorm(8), MAP),
    *(
        (kind(inplace=inplace), MAP)
        for kind in (nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish, nn.Hardsigmoid)
        for inplace in (False, True)
    ),
    (nn.Sigmoid(), MAP),
    (nn.Dropout(0.3), MAP),
    (nn.Identity(), MAP),
]


class Around(nn.Module):
    """A layer between two readers of its input, so that what it does in place is seen."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        x = x.tanh()
        return self.layer(x), x.sigmoid()


def by_forward(layer):
    """A copy of a class of its own, which runs the forward that it inherits."""
    twin = copy.deepcopy(layer)
    twin.__class__ = type(type(layer).__name__, (type(layer),), {})
    assert layer_rule(twin) is None
    return twin


@pytest.mark.parametrize(("layer", "size"), CASES, ids=[str(layer) for layer, _ in CASES])
def test_a_layer_is_recorded_as_its_forward_is(layer, size):
    assert layer_rule(layer) is not None
    answered, run = trace(Around(layer), size), trace(Around(by_forward(layer)), size)
    graph = answered.graph
    assert run.graph == graph
    assert [call.function for call in run.calls.values()] == [call.function for call in answered.calls.values()]
    assert graph.outputs[-1].startswith("act")  # what follows does not stand in the layer


def test_every_layer_that_is_answered_is_tried_above():
    assert {type(layer) for layer, _ in CASES} == set(LAYERS)


def test_wrong_inputs_fail_with_the_same_sentence():
    for layer, size in ((nn.BatchNorm2d(6), (6, 9)), (nn.Conv2d(3, 4, 3), MAP), (nn.Linear(7, 3), VECTOR)):
        said = []
        for one in (layer, by_forward(layer)):
            with pytest.raises(Exception) as caught:
                capture(Around(one), size)
            said.append(str(caught.value))
        assert said[0] == said[1]


def test_layers_with_weights_that_are_computed_run_their_forward():
    pruned, named = nn.Conv2d(6, 4, 3), nn.Conv2d(6, 4, 3)
    prune.l1_unstructured(pruned, "weight", 0.5)
    for layer in (pruned, parametrizations.weight_norm(named)):
        (node,) = [node for node in capture(Around(layer), MAP).nodes if node.operator.kind == "opaque"]
        assert node.operator.label == "conv2d"
        assert count(capture(Around(layer), MAP)).macs == 7 * 6 * 9 * 6 * 4


def test_a_forward_that_was_replaced_runs(monkeypatch):
    relu = nn.ReLU()
    relu.forward = lambda x: x.exp()  # type: ignore[assignment]
    assert [node.operator.kind for node in capture(Around(relu), MAP).nodes].count("opaque") == 1
    monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: x.exp())
    assert [node.operator.kind for node in capture(Around(nn.ReLU()), MAP).nodes].count("opaque") == 1


def test_a_layer_on_a_constant_runs_its_forward():
    class Biased(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu, self.positions = nn.ReLU(), nn.Parameter(torch.rand(1, 6))

        def forward(self, x):
            return x + self.relu(2 * self.positions)

    graph = capture(Biased(), VECTOR)
    assert [node.operator.kind for node in graph.nodes] == ["input", "opaque"]
    assert count(graph).params == 6


def test_hooks_run_once_and_signatures_are_the_models_own():
    seen = []

    class Asks(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.relu = Around(nn.ReLU()), nn.ReLU()

        def forward(self, x):
            seen.append(list(inspect.signature(self.inner.forward).parameters))
            seen.append(list(inspect.signature(self.relu.forward).parameters))
            return self.relu(self.inner(x)[0])

    def hook(module, inputs, output):
        seen.append("hook")
        return output.sigmoid()

    model = Asks()
    model.relu.register_forward_hook(hook)
    graph = capture(model, MAP)
    assert seen == [["x"], ["input"], "hook"]
    assert [node.operator.function for node in graph.nodes[1:]] == ["tanh", "relu", "sigmoid", "relu", "sigmoid"]
    assert "forward" not in model.__dict__


def test_what_torch_compile_wraps_is_captured_without_compiling():
    def backend(graph, inputs):
        pytest.fail("the capture was compiled")

    plain = nn.Sequential(nn.Conv2d(6, 4, 3), nn.ReLU())
    inside = nn.Sequential(nn.Conv2d(6, 4, 3), nn.ReLU())
    inside[0].compile(backend=backend)
    wrapped = nn.Sequential(torch.compile(nn.Conv2d(6, 4, 3), backend=backend), nn.ReLU())  # type: ignore[call-overload]
    graph = capture(plain, MAP)
    assert capture(inside, MAP) == graph
    assert [node.operator for node in capture(wrapped, MAP).nodes] == [node.operator for node in graph.nodes]
    assert inside[0]._compiled_call_impl is not None
