"""Archives of torch.export: the costs of the model itself, nothing unpickled, only sentences for bad files."""

import io
import json
import pickle
import random
import zipfile
from typing import Any

import pytest
import torch
from import_models import Attention, Detector, Squeezed, Unet
from torch import nn

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.importing import read
from featherbone.networks import network
from featherbone.nn import module
from featherbone.nn.capture import capture, trace

CASES = [(Attention, (3, 32, 32)), (Detector, (3, 64, 64)), (Unet, (1, 32, 32)), (Squeezed, (3, 33, 33))]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "unet.pt2"
    torch.export.save(torch.export.export(Unet().eval(), (torch.rand(1, 1, 32, 32),)), path)
    return path


@pytest.mark.parametrize(("kind", "size"), CASES, ids=[kind.__name__ for kind, _ in CASES])
def test_costs_are_those_of_the_model(kind, size, tmp_path):
    model = kind().eval()
    path = tmp_path / "model.pt2"
    torch.export.save(torch.export.export(model, (torch.rand(1, *size),)), path)
    ours, theirs = count(read(path).graph), count(capture(model, size))
    assert (ours.macs, ours.params, ours.uncounted) == (theirs.macs, theirs.params, ())


def test_a_network_of_ours_comes_back_with_a_dynamic_batch(tmp_path):
    graph = network("shufflenet_v2:width=0.5,resolution=64")
    path = tmp_path / "shufflenet.pt2"
    program = torch.export.export(
        module(graph, seed=0).eval(), (torch.rand(2, 3, 64, 64),), dynamic_shapes=({0: torch.export.Dim("batch")},)
    )
    torch.export.save(program, path)
    found = read(path)
    assert not found.warnings
    assert [node.operator for node in found.graph.nodes] == [node.operator for node in graph.nodes]


class Tied(nn.Module):
    """A language model's way: the table of words is also the last layer."""

    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(100, 16), nn.Linear(16, 100, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, words):
        return self.head(self.embedding(words))


class Writes(nn.Module):
    """Writes into a part of a tensor that it has made."""

    def forward(self, x):
        made = torch.zeros(x.shape[0], 8)
        made[:, :4] = x[:, :1]
        return made.relu()


class Branches(nn.Module):
    """Runs one of two branches, which only its values tell."""

    def __init__(self):
        super().__init__()
        self.small, self.wide, self.back = nn.Linear(8, 8), nn.Linear(8, 32), nn.Linear(32, 8)

    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: self.small(x), lambda x: self.back(self.wide(x)), (x,))


def saved(model, example, path):
    torch.export.save(torch.export.export(model.eval(), (example,)), path)
    return path


def test_a_weight_that_stands_in_two_places_counts_once(tmp_path):
    found = count(read(saved(Tied(), torch.zeros(1, 12, dtype=torch.long), tmp_path / "tied.pt2")).graph)
    assert (found.params, found.macs, found.complete) == (1600, 12 * 16 * 100, True)


class Joins(nn.Module):
    """Adds up what it was given along its first side."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        found = self.layer(x)
        return (found[0] if isinstance(found, tuple) else found).sum(0, keepdim=True)


@pytest.mark.parametrize(
    ("model", "size", "macs"),
    [
        (nn.LSTM(8, 6), (7, 1, 8), 7 * 24 * 14),
        (Joins(nn.Linear(3, 8)), (9, 3), 9 * 24),
        (Joins(nn.Conv2d(3, 2, 3)), (4, 3, 8, 8), 4 * 1944),
    ],
    ids=["steps", "points", "images that are mixed"],
)
@pytest.mark.filterwarnings("ignore:The tensor attributes")  # torch.export says it of its own recurrent layers
def test_first_sizes_that_are_no_batch(model, size, macs, tmp_path):
    imported = read(saved(model, torch.rand(size), tmp_path / "model.pt2"))
    assert count(imported.graph).macs == macs
    assert len(imported.warnings) == (len(size) == 4)


@pytest.mark.parametrize("list_of_weights", [b"", b"[]", b'{"config": {"e": 1}}', b"\x80"])
def test_a_damaged_list_of_weights_is_refused(list_of_weights, archive, tmp_path):
    def change(name, data):
        return list_of_weights if name.endswith("weights_config.json") else data

    with pytest.raises(FeatherboneError, match="the list of weights"):
        read(rewritten(archive, tmp_path / "damaged.pt2", change))


def test_what_is_written_into_a_part_of_a_tensor_is_in_the_whole(tmp_path):
    graph = read(saved(Writes(), torch.zeros(1, 3), tmp_path / "writes.pt2")).graph
    before = {node.name: node.inputs for node in graph.nodes}
    reached, todo = set(), list(graph.outputs)
    while todo:
        reached.add(name := todo.pop())
        todo += before[name]
    assert "x" in reached


@pytest.mark.parametrize("way", ["module", "program", "archive"])
def test_of_two_branches_the_dearest_counts_and_is_said(way, tmp_path):
    """8·32 + 32·8 multiply-adds against 8·8, and the parameters of both."""
    model = Branches()
    found: Any
    if way == "archive":
        found = read(saved(model, torch.zeros(1, 8), tmp_path / "branches.pt2"))
    else:
        found = trace(torch.export.export(model.eval(), (torch.zeros(1, 8),)) if way == "program" else model, (8,))
    cost = count(found.graph)
    assert (cost.macs, cost.params, cost.complete) == (512, 72 + 288 + 264, True)
    assert "of 64 and 512 multiply-adds: the dearest counts" in " ".join(found.warnings)


def rewritten(archive, path, change):
    """A copy of an archive with its description changed, or with other members."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(name, data))
    return path


def test_pickles_in_an_archive_are_never_opened(archive, tmp_path):
    canary = tmp_path / "canary"

    class Attack:
        def __reduce__(self):
            return (canary.touch, ())

    attack = pickle.dumps(Attack())
    buffer = io.BytesIO()
    torch.save(Attack(), buffer)

    def change(name, data):
        if name.endswith(".json"):
            return data
        return buffer.getvalue() if name.endswith(".pt") else attack

    assert count(read(rewritten(archive, tmp_path / "attack.pt2", change)).graph).macs > 0
    for name in ("attack.pt", "attack.pth", "attack.pkl"):
        (tmp_path / name).write_bytes(buffer.getvalue())
        with pytest.raises(FeatherboneError, match="may hold a pickle"):
            read(tmp_path / name)
    assert not canary.exists()


def test_an_operator_that_opens_files_is_not_run(archive, tmp_path):
    canary = tmp_path / "made"

    def change(name, data):
        if not name.endswith("model.json"):
            return data
        document = json.loads(data)
        node = document["graph_module"]["graph"]["nodes"][0]
        node["target"] = "torch.ops.aten.from_file.default"
        node["inputs"] = [
            {"name": "filename", "arg": {"as_string": str(canary)}, "kind": 1},
            {"name": "shared", "arg": {"as_bool": True}, "kind": 1},
            {"name": "size", "arg": {"as_int": 4}, "kind": 1},
        ]
        return json.dumps(document)

    attempt(rewritten(archive, tmp_path / "opens.pt2", change))
    assert not canary.exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x80\x02}q\x00.", b"x" * 1000], ids=range(4))
def test_what_is_no_archive_is_refused(data, tmp_path):
    path = tmp_path / "bad.pt2"
    path.write_bytes(data)
    with pytest.raises(FeatherboneError, match="no archive of torch"):
        read(path)


def test_an_archive_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.pt2"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(FeatherboneError, match="holds no exported program"):
        read(path)


def test_damaged_archives_end_in_sentences(archive, tmp_path):
    """Cut, flipped and rewritten at random: a graph or a FeatherboneError, nothing else."""
    draw, whole = random.Random(0), archive.read_bytes()
    path = tmp_path / "damaged.pt2"
    refused = []
    for turn in range(60):
        data = bytearray(whole)
        if turn % 2:
            del data[draw.randrange(len(data)) :]
        else:
            for _ in range(draw.randrange(1, 30)):
                data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(bytes(data))
        refused.append(attempt(path))
    assert all(refused[1::2])  # no archive is left of one that was cut


def test_descriptions_changed_at_random_end_in_sentences(archive, tmp_path):
    draw, refused = random.Random(1), 0
    values: list[Any] = [
        None,
        -1,
        0,
        2**62,
        "x",
        [],
        {},
        True,
        1e300,
        {"as_int": -5},
        {"as_tensor": {"name": "nobody"}},
    ]
    for _ in range(150):

        def change(name, data):
            if not name.endswith("model.json"):
                return data
            document = json.loads(data)
            for _ in range(draw.randrange(1, 4)):
                scramble(document["graph_module"], draw, values)
            return json.dumps(document)

        refused += attempt(rewritten(archive, tmp_path / "scrambled.pt2", change))
    assert refused > 30, "it reads what makes no sense"


def scramble(value, draw, values):
    """Replace, double or drop something at a random place."""
    while True:
        if not isinstance(value, (dict, list)) or not value:
            return
        key = draw.choice(list(value)) if isinstance(value, dict) else draw.randrange(len(value))
        inner = value[key]
        if not isinstance(inner, (dict, list)) or draw.random() < 0.15:
            if draw.random() < 0.3:
                del value[key]
            else:
                value[key] = draw.choice(values)
            return
        value = inner


def attempt(path) -> bool:
    try:
        count(read(path).graph)
    except FeatherboneError as error:
        assert len(str(error)) < 1000  # noqa: PT017 - the only error allowed, and short
        return True
    return False
