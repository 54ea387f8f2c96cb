"""Values show themselves in a notebook: whole, escaped, and without asking anybody."""

import re

import pytest

import featherbone as fb
from featherbone.cost import compare, count
from featherbone.graph import image, symbols
from featherbone.networks import network
from featherbone.notebook import table

M, K = symbols("M K")
SHOWN = {
    "graph": lambda: network("shufflenet_v2"),
    "count": lambda: count(network("mobilenet_v2")),
    "comparison": lambda: compare([network("mobilenet_v1"), network("mobilenet_v2")]),
    "symbols": lambda: image(M, 8).conv(8, K).graph("symbolic"),
    "count of symbols": lambda: count(image(M, 8).conv(8, K).graph("symbolic")),
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_value_is_shown_and_asks_nobody(what):
    page = SHOWN[what]()._repr_html_()
    assert not re.findall(r"""(?:src|href)=|@import|url\(""", page)
    assert page.count("<div") == page.count("</div>") == 1
    assert "background:#fff" in page, "a dark notebook would hide the ink"


def test_what_is_shown_is_what_was_counted():
    page = count(network("mobilenet_v2"))._repr_html_()
    assert all(found in page for found in ("300.8 M multiply-adds", "10,838,016", "<svg"))
    columns = compare([network("mobilenet_v1"), network("mobilenet_v2")])
    assert isinstance(columns, tuple)
    assert "300.8 M (-47%)" in columns._repr_html_()


def test_a_graph_alone_shows_no_column_of_zeros():
    page = network("squeezenet")._repr_html_()
    assert "parameters" in page
    assert "multiply-adds" not in page


def test_names_are_escaped():
    graph = fb.image(3, 8).conv(4, 3).graph("<script>")
    for page in (graph._repr_html_(), count(graph)._repr_html_(), compare([graph])._repr_html_()):
        assert "<script>" not in page
    assert "<b>" not in table(("<b>",), [("<b>",)])
