"""Products of weights with constants or with each other run at every call as well, and are counted."""

import torch
from torch import nn

from featherbone.cost import count
from featherbone.importing import read


def macs(model, *inputs):
    counted = count(read(model, inputs=inputs).graph)
    assert counted.complete
    assert counted.params == sum(weight.numel() for weight in model.parameters())
    return counted.macs


class PositionBias(nn.Module):
    """A small network makes the bias of the attention from a table of positions, as in Swin V2."""

    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.rand(9, 2))
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 4))
        self.mix = nn.Linear(4, 4)

    def forward(self, x):
        return self.mix(x + self.net(self.table))


class Queries(nn.Module):
    """Queries that are weights attend to each other before they see the input, as in DETR."""

    def __init__(self):
        super().__init__()
        self.queries = nn.Parameter(torch.rand(5, 1, 8))
        self.itself = nn.MultiheadAttention(8, 2)
        self.other = nn.MultiheadAttention(8, 2)

    def forward(self, x):
        queries = self.itself(self.queries, self.queries, self.queries)[0]
        return self.other(queries, x, x)[0]


class Hyper(nn.Module):
    """One layer makes the weights of another."""

    def __init__(self):
        super().__init__()
        self.code = nn.Parameter(torch.rand(4))
        self.make = nn.Linear(4, 8 * 3 * 9)

    def forward(self, x):
        return nn.functional.conv2d(x, self.make(self.code).view(8, 3, 3, 3))


def test_position_biases_queries_and_made_weights():
    assert macs(PositionBias(), (9, 4)) == 9 * 4 * 4 + 9 * (2 * 16 + 16 * 4)
    inside = 5 * 8 * 8 * 4 + 2 * 5 * 5 * 8
    across = 2 * 5 * 64 + 2 * 7 * 64 + 2 * 5 * 7 * 8
    assert macs(Queries(), "=7x1x8") == inside + across
    assert macs(Hyper(), (3, 6, 6)) == 4 * 216 + 216 * 16


def test_tied_embedding_and_output_on_constants():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(50, 12)
            self.out = nn.Linear(12, 50, bias=False)
            self.out.weight = self.words.weight

        def forward(self, x):
            return x + self.out(self.words(torch.arange(7)))

    assert macs(Tied(), (7, 50)) == 7 * 12 * 50


def test_the_models_own_tensors_keep_their_values():
    class Counts(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)
            self.register_buffer("mean", torch.zeros(4))

        def forward(self, x):
            self.mean.mul_(0.9).add_(x.mean(0), alpha=0.1)
            self.mean[0] = x.sum()
            return self.layer(x - self.mean) if x.sum() < 1e9 else x

    model = Counts()
    assert macs(model, (4,)) == 16
    assert model.mean.tolist() == [0.0] * 4


def test_places_of_a_constant_written_with_what_was_computed():
    class Routes(nn.Module):
        """Two experts, each for the tokens that choose it."""

        def __init__(self):
            super().__init__()
            self.choose = nn.Linear(8, 2)
            self.experts = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])

        def forward(self, x):
            made, chosen = torch.zeros_like(x), self.choose(x).argmax(-1)
            for number, expert in enumerate(self.experts):
                if (mine := chosen == number).any():
                    made[mine] += expert(x[mine])
            return made

    torch.manual_seed(0)
    counted = count(read(Routes(), (10, 8)).graph)
    assert counted.macs == 10 * 16 + 10 * 64
    assert counted.complete


def test_layers_on_tokens_and_with_made_weights_write_activations():
    counted = count(read(nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6)), (9, 4)).graph)
    assert counted.activations == 9 * 6
    assert count(read(Hyper(), (3, 6, 6)).graph).activations == 216 + 8 * 16


def test_parts_of_complex_tensors_have_their_names():
    class Mixes(nn.Module):
        def forward(self, x):
            mixed = torch.fft.fft2(x)
            return mixed.real + mixed.imag

    graph = read(Mixes(), (4, 4)).graph
    assert [node.name for node in graph.nodes] == ["x", "fft_fft2", "real", "imag", "add"]
    assert [label for _, label in count(graph).uncounted] == ["fft_fft2"]


class Tables(nn.Module):
    """A product of two buffers is added to the input."""

    def __init__(self):
        super().__init__()
        self.register_buffer("a", torch.rand(8, 6))
        self.register_buffer("b", torch.rand(6, 5))

    def forward(self, x):
        return x + self.a @ self.b


class LowRank(nn.Module):
    """Weights are the product of two smaller ones."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.rand(8, 2)), nn.Parameter(torch.rand(2, 5))

    def forward(self, x):
        return nn.functional.linear(x, self.a @ self.b)


def through_onnx(tables, path):
    """What an exporter writes of ``Tables``."""
    from onnx import TensorProto, helper, numpy_helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 8, 5)) for name in "xy")
    nodes = [helper.make_node("MatMul", ["a", "b"], ["ab"]), helper.make_node("Add", ["x", "ab"], ["y"])]
    kept = [numpy_helper.from_array(getattr(tables, name).numpy(), name) for name in "ab"]
    graph = helper.make_graph(nodes, "tables", [x], [y], kept)
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    return path


def test_one_rule_for_products_of_buffers_through_every_door(tmp_path):
    assert macs(Tables(), (8, 5)) == 8 * 6 * 5
    torch.export.save(torch.export.export(Tables(), (torch.rand(1, 8, 5),)), tmp_path / "tables.pt2")
    assert count(read(tmp_path / "tables.pt2").graph).macs == 8 * 6 * 5
    assert count(read(through_onnx(Tables(), tmp_path / "tables.onnx")).graph).macs == 8 * 6 * 5


def test_products_of_weights_alone_are_the_same_in_an_archive(tmp_path):
    torch.export.save(torch.export.export(LowRank(), (torch.rand(1, 5),)), tmp_path / "rank.pt2")
    counted = count(read(tmp_path / "rank.pt2").graph)
    assert counted.macs == macs(LowRank(), (5,)) == 8 * 2 * 5 + 5 * 8
    assert counted.params == 8 * 2 + 2 * 5


def test_products_of_constants_made_in_forward_run_each_time_and_those_of_init_do_not():
    class Made(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.rand(3, 4) @ torch.rand(4, 3)

        def forward(self, x):
            return x + self.table + torch.eye(3) @ torch.ones(3, 3)

    assert macs(Made(), (3, 3)) == 27
