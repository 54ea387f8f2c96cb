"""The cost table adds up, moves the bytes it says, and sees the windows that were published."""

import csv
import io
from fractions import Fraction

import pytest

from featherbone.cost import count, peak_memory
from featherbone.cost.columns import COLUMNS, OPERATORS, SCOPES, columns
from featherbone.cost.movement import bytes_moved
from featherbone.cost.receptive import receptive_fields
from featherbone.cost.table import AMOUNTS, ORDERS, cost_table
from featherbone.cost.table_formats import to_csv, to_document, to_markdown
from featherbone.errors import FeatherboneError
from featherbone.graph import concat, image, symbols
from featherbone.networks import network

PUBLISHED_FIELDS = {  # Araujo et al., Distill 2019, table of section "Receptive fields of modern networks"
    "alexnet": 195,
    "vgg16": 212,
    "mobilenet_v1": 315,
    "inception_v3": 1311,
}


@pytest.fixture(scope="module")
def counted():
    return count(network("mobilenet_v2"))


@pytest.mark.parametrize("depth", [None, 1, 2, 3])
def test_lines_add_up_however_they_are_folded(counted, depth):
    table = cost_table(counted, depth=depth)
    for what in AMOUNTS:
        assert sum(getattr(line, what) for line in table.lines) == table.total(what)
        assert sum(table.share(line, what) for line in table.lines) == pytest.approx(1)
    assert table.total("macs") == 300_774_272
    assert table.peak == peak_memory(counted.graph)


@pytest.mark.parametrize("order", ORDERS)
def test_sorted_lines_are_the_same_lines(counted, order):
    lines = cost_table(counted, sort=order).lines
    keys = [getattr(line, order) or 0 for line in lines]
    assert keys == sorted(keys, reverse=True)
    assert sorted(line.name for line in lines) == sorted(line.name for line in cost_table(counted).lines)


def test_bytes_are_weights_and_maps_at_the_dtype():
    graph = image(3, 8).conv(4, 3, name="stem", bias=True).norm().act("relu").flatten().linear(5, name="end").graph("t")
    moved = bytes_moved(graph)
    assert moved["stem"] == 4 * (3 * 64 + 4 * 64 + 4 * 3 * 9 + 4)
    assert moved["stem_norm"] == 4 * (2 * 256 + 8)
    assert moved["end"] == 4 * (256 + 5 + 256 * 5 + 5)
    assert moved["image"] == moved["flatten"] == 0
    assert {name: 2 * half for name, half in bytes_moved(graph, "float16").items()} == moved


def test_a_scope_reads_what_comes_from_outside(counted):
    by_name = {line.name: line for line in cost_table(counted, depth=1).lines}
    assert by_name["stage2"].inputs == (by_name["stage1"].output,)
    assert by_name["stem"].inputs == ((3, 224, 224),)


@pytest.mark.parametrize("name", PUBLISHED_FIELDS)
def test_receptive_fields_are_the_published_ones(name):
    fields = [field for field in receptive_fields(network(name)).values() if field is not None]
    assert set(fields[-1].size) == {PUBLISHED_FIELDS[name]}


def test_fields_of_dilation_branches_enlargement_and_global_operators():
    x = image(1, 64).conv(2, 3, stride=2, name="a")
    wide, narrow = x.conv(2, 3, dilation=2, name="wide"), x.conv(2, 1, name="narrow")
    joined = concat(narrow, wide, name="joined")
    graph = joined.global_pool(name="pool").flatten().linear(2, name="end").graph("branches")
    fields = receptive_fields(graph)
    assert fields["a"].size == (3, 3)
    assert fields["narrow"].size == (3, 3)
    assert fields["wide"].size == fields["joined"].size == (3 + 4 * 2,) * 2
    assert fields["joined"].jump == (2, 2)
    assert fields["pool"] is None
    assert fields["end"] is None
    larger = receptive_fields(x.resize(64, name="up").graph("up"))["up"]
    assert larger.jump == (Fraction(1), Fraction(1))


def test_sides_may_differ():
    field = receptive_fields(image(1, 32).conv(2, (1, 7), name="row").graph("g"))["row"]
    assert field.size == (1, 7)


def test_a_field_is_what_a_gradient_reaches():
    """The window of the middle element, found by running the network and looking at what it depends on."""
    torch = pytest.importorskip("torch")
    from featherbone.nn import module

    x = image(1, 65).conv(3, 3, stride=2, name="a").depthwise(5, name="b").max_pool(3, stride=2, name="c")
    graph = x.conv(2, 3, dilation=2, name="d").graph("stack")
    computed = module(graph, seed=0)
    for weight in computed.parameters():
        torch.nn.init.constant_(weight, 1.0)
    reached = torch.zeros(65, 65)
    for _ in range(30):  # a maximum passes only one element on: other pictures reach the others
        picture = torch.rand(1, 1, 65, 65, requires_grad=True)
        written = computed(picture)
        (gradient,) = torch.autograd.grad(written[0, 0, written.shape[2] // 2, written.shape[3] // 2], picture)
        reached += gradient[0, 0].abs()
    rows = reached.sum(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == receptive_fields(graph)["d"].size[0]


def test_csv_holds_every_line_with_plain_numbers(counted):
    rows = list(csv.DictReader(io.StringIO(to_csv(cost_table(counted), columns(list(COLUMNS))))))
    assert list(rows[0]) == list(COLUMNS)
    assert sum(int(row["macs"]) for row in rows) == 300_774_272
    assert sum(int(row["bytes"]) for row in rows) == cost_table(counted).bytes


def test_markdown_is_one_table_with_a_total(counted):
    lines = to_markdown(cost_table(counted, depth=1), columns(SCOPES)).splitlines()
    assert {line.count(" | ") for line in lines} == {len(SCOPES) - 1}
    assert "**300,774,272**" in lines[-1]


def test_markdown_escapes_bars():
    graph = image(1, 8).conv(2, 3, name="a|b").graph("g")
    assert "a\\|b" in to_markdown(cost_table(count(graph)), columns(OPERATORS))


def test_the_document_says_its_version_and_holds_everything(counted):
    document = to_document(cost_table(counted))
    assert (document["schema"], document["version"]) == ("featherbone-cost", 1)
    for what in AMOUNTS:
        assert sum(row[what] for row in document["rows"]) == document["totals"][what]
    assert document["totals"]["peak_memory"] == document["peak_memory"]["bytes"]
    assert document["rows"][1]["receptive_field"] == ["3", "3"]
    assert document["rows"][-1]["receptive_field"] is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sort": "maks"}, "cannot sort by 'maks'"),
        ({"dtype": "int4"}, "unknown dtype 'int4'"),
        ({"depth": 0}, "depth is 0"),
    ],
)
def test_what_the_table_refuses(counted, settings, said):
    with pytest.raises(FeatherboneError, match=said):
        cost_table(counted, **settings)


def test_symbols_and_unknown_columns_are_refused():
    with pytest.raises(FeatherboneError, match="symbolic sizes"):
        cost_table(count(image(3, symbols("I")[0]).conv(4, 3).graph("g")))
    with pytest.raises(FeatherboneError, match="there is no column 'flop'"):
        columns(["flop"])
