"""A module has the parameters that it has: which of them an input uses is said beside, and changes no total."""

import json

import pytest
import torch
from torch import nn

from featherbone.cost import count
from featherbone.cost.columns import columns
from featherbone.cost.table import cost_table
from featherbone.cost.table_formats import to_csv, to_document
from featherbone.graph import from_json, to_json
from featherbone.importing import read


class Branches(nn.Module):
    """Which of two layers runs depends on the weights' values."""

    def __init__(self, value):
        super().__init__()
        self.gate = nn.Parameter(torch.tensor(value))
        self.small, self.large = nn.Linear(4, 4), nn.Linear(4, 50)

    def forward(self, x):
        return self.small(x) if self.gate > 0 else self.large(x)


class Head(nn.Module):
    """The auxiliary head is for training alone."""

    def __init__(self):
        super().__init__()
        self.body, self.auxiliary = nn.Linear(4, 3), nn.Linear(4, 7)

    def forward(self, x):
        return (self.body(x), self.auxiliary(x)) if self.training else self.body(x)


@pytest.mark.parametrize(("value", "unused"), [(1.0, 50 * 5), (-1.0, 4 * 5)])
def test_the_total_does_not_depend_on_the_branch(value, unused):
    model = Branches(value)
    counted = count(read(model, (4,)).graph)
    assert counted.params == sum(weight.numel() for weight in model.parameters())
    assert counted.unused_params == unused + 1  # the gate decides, and is multiplied with nothing


def test_unused_parameters_have_a_line_and_stand_in_every_format():
    table = cost_table(count(read(Head(), (4,)).graph))
    assert [(line.name, line.params) for line in table.lines] == [("x", 0), ("body", 15), ("(unused)", 35)]
    assert sum(line.params for line in table.lines) == table.total("params") == 50
    document = to_document(table)
    assert (document["totals"]["params"], document["totals"]["unused_params"]) == (50, 35)
    assert document["unused"] == [
        {"name": "auxiliary.weight", "shape": [7, 4]},
        {"name": "auxiliary.bias", "shape": [7]},
    ]
    assert to_csv(table, columns(["writes", "params"])).splitlines()[-1] == "(unused),,35"


def test_archives_say_the_same_and_text_keeps_it(tmp_path):
    model = Head().eval()
    torch.export.save(torch.export.export(model, (torch.rand(1, 4),)), tmp_path / "head.pt2")
    archive, traced = read(tmp_path / "head.pt2"), read(model, (4,))
    assert archive.graph.unused == traced.graph.unused == from_json(to_json(traced.graph)).unused
    assert archive.warnings == traced.warnings
    assert "35 of the parameters are not used for this input: auxiliary.weight, auxiliary.bias" in traced.warnings
    assert from_json(json.dumps(json.loads(to_json(traced.graph)))) == traced.graph
