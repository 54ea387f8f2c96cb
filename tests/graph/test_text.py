"""JSON text: exact round trips, and strict, bounded reading of what strangers send."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, concat, from_json, image, symbols, to_json
from featherbone.graph.expression import parse_expression
from featherbone.graph.operators import ACTIVATIONS, VOCABULARY
from featherbone.graph.settings_json import read_field


def every_operator() -> Graph:
    """A network that uses the whole vocabulary with settings away from their defaults."""
    x = image(6, 16, 20)
    y = x.conv(12, (3, 5), stride=2, padding=((0, 1), (1, 3)), dilation=1, groups=2, bias=True).norm(epsilon=1e-3)
    y = y.act("hard_swish").local_response_norm(size=3, k=1.0)
    y = y.max_pool(3, stride=1, padding=1, ceil=True).avg_pool(3, stride=1, padding=1, count_padding=False)
    y = (y * y.global_pool("max").pointwise(12, bias=True).act("sigmoid")).shuffle(3).reorder((*range(11, -1, -1),))
    left, right = y.split(2)
    y = concat(left, right.pad_channels(1, 2)).resize((9, 9), mode="bilinear")
    y = y.conv_transpose(y.channels, 3, stride=2, padding=1, output_padding=1, groups=1, bias=True)
    y = y + y.opaque("fft", y.shape, y, weights=(("window", (9,)),), macs=17)
    return y.dropout(0.2).flatten().linear(10, bias=False).graph("everything", left)


def test_the_whole_vocabulary_round_trips():
    graph = every_operator()
    assert {node.operator.kind for node in graph.nodes} == set(VOCABULARY)
    assert from_json(to_json(graph)) == graph
    assert from_json(to_json(graph, indent=2)) == graph
    assert to_json(from_json(to_json(graph))) == to_json(graph)


def test_a_symbolic_graph_round_trips():
    M, N, K, I, t = symbols("M N K I t")  # noqa: E741
    x = image(M, I)
    y = x.pointwise(t * M).depthwise(K, stride=2).pointwise(N / 2).shuffle(4)
    graph = y.graph("symbolic")
    assert from_json(to_json(graph)) == graph


@st.composite
def networks(draw):
    """A random chain with branches over the vocabulary."""
    wire = image(draw(st.integers(1, 8)), draw(st.integers(4, 20)), draw(st.integers(4, 20)))
    for _ in range(draw(st.integers(1, 8))):
        step = draw(st.sampled_from(["conv", "depthwise", "norm", "act", "pool", "add", "concat", "se", "shuffle"]))
        if step == "conv":
            wire = wire.conv(
                draw(st.integers(1, 9)),
                draw(st.integers(1, 4)),
                stride=draw(st.integers(1, 2)),
                bias=draw(st.booleans()),
            )
        elif step == "depthwise":
            wire = wire.depthwise(3, dilation=draw(st.integers(1, 2)))
        elif step == "norm":
            wire = wire.norm(momentum=draw(st.floats(0, 1)))
        elif step == "act":
            wire = wire.act(draw(st.sampled_from(ACTIVATIONS)))
        elif step == "pool":
            wire = wire.max_pool(2, stride=1, padding=1)
        elif step == "add":
            wire = wire + wire.conv(wire.channels, 3)
        elif step == "concat":
            wire = concat(wire, wire.pointwise(draw(st.integers(1, 4))))
        elif step == "se":
            wire = wire * wire.global_pool().act("sigmoid")
        else:
            wire = wire.shuffle(wire.channels)
    return wire.graph("random")


@given(networks())
@settings(max_examples=60, deadline=None)
def test_any_network_round_trips(graph):
    assert from_json(to_json(graph)) == graph


def document(**changes):
    base = json.loads(to_json(image(3, 8).conv(4, 3, name="stem").norm().graph("net")))
    base.update(changes)
    return base


def node(**changes):
    text = document()
    text["nodes"][1].update(changes)
    return json.dumps(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[1, 2", "not JSON"),
        ("[]", "the graph is list; it must be an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        (json.dumps(document(extra=1)), "the graph has no field 'extra'"),
        (json.dumps(document(unused=[["w", 3]])), "unused must be a list of"),
        (json.dumps(document(unused=[["a b", [3]]])), "unused tensor 'a b' has a name that is not allowed"),
        (json.dumps(document(unused=[["w", [0]]])), "has 0 elements"),
        (json.dumps(document(unused=[["w", [1]], ["w", [1]]])), "two unused tensors have one name"),
        (json.dumps(document(format="other")), "format is 'other'"),
        (json.dumps(document(version=99)), "version is 99; this featherbone reads 1"),
        (json.dumps(document(version=True)), "version is True"),
        (json.dumps(document(nodes=[])), "nodes must be a list of 1"),
        (json.dumps(document(nodes=[3])), "node 0 is int"),
        (json.dumps(document(outputs=[])), "at least one output"),
        (json.dumps(document(outputs=["nowhere"])), "output 'nowhere' is no node"),
        (json.dumps(document(outputs="stem")), "must be a list of node names"),
        (json.dumps({"format": "featherbone-graph"}), "lacks version, name, nodes, outputs"),
        (node(op="cnv"), r"stem: unknown operator 'cnv' \(did you mean conv\?\)"),
        (node(op=["conv"]), "unknown operator"),
        (node(kernal=[3, 3]), r"conv has no field 'kernal' \(did you mean kernel\?\)"),
        (node(kernel="3"), "kernel is '3'; it must be a list"),
        (node(kernel=[3.0, 3]), "must be a whole number"),
        (node(kernel=[True, 3]), "must be a whole number"),
        (node(kernel=[3]), "different numbers of sides"),
        (node(bias=1), "bias is 1; it must be true or false"),
        (node(padding=[[1, 1], [1]]), "has 1 values; it needs 2"),
        (node(out_channels=10**12), "largest size allowed"),
        (node(inputs=["stem"]), "reads 'stem', which no earlier node writes"),
        (node(inputs=["later"]), "reads 'later'"),
        (node(inputs=[]), "conv takes 1 inputs; it was given 0"),
        (node(name="image"), "two nodes are named image"),
        (node(name="a b"), "node name 'a b' is not allowed"),
        (node(name="x" * 300), "is not allowed"),
        (node(name="../x"), "is not allowed"),
        (to_json(image(3, 8).norm().graph("n")).replace("batch_norm", 'batch_norm", "epsilon": NaN, "x": "'), "NaN"),
        (node(out_channels=int("9" * 30)), "too large for a graph"),
        (node(out_channels="__import__('os').system('true')"), "is not a symbolic size"),
        (node(out_channels="M" * 600), "at most 500 are read"),
        (node(out_channels="9**9**9"), "is not a symbolic size"),
    ],
)
def test_bad_text_is_refused_with_a_sentence(text, said):
    with pytest.raises(FeatherboneError, match=said):
        from_json(text)


def test_a_missing_field_is_named():
    text = document()
    del text["nodes"][1]["kernel"]
    with pytest.raises(FeatherboneError, match="stem: conv lacks kernel"):
        from_json(json.dumps(text))


def test_a_tensor_too_large_to_exist_is_refused():
    text = document()
    text["nodes"][0]["shape"] = [2**30, 2**30, 1]
    with pytest.raises(FeatherboneError, match="elements; allowed are"):
        from_json(json.dumps(text))


def test_damaged_text_never_crashes():
    """Random damage ends in our error, a sentence, or in a sound graph: one that is written and read as the same."""
    generator = random.Random(0)
    refused = 0
    text = to_json(every_operator())
    for _ in range(1500):
        damaged = list(text)
        for _ in range(generator.randint(1, 6)):
            place = generator.randrange(len(damaged))
            damaged[place] = generator.choice('0123456789-"[]{},:.eabz_ \x00')
        try:
            graph = from_json("".join(damaged))
        except FeatherboneError as error:
            refused += 1
            assert 10 < len(str(error)) < 1000, error  # noqa: PT017 - the only error allowed, and short
        else:
            assert from_json(to_json(graph)) == graph
    assert 500 < refused < 1500  # damage to a name leaves a graph


def test_expressions_hold_nothing_but_arithmetic():
    M, G = symbols("M G")
    assert parse_expression("2*M/G + (M - 1)**2") == 2 * M / G + (M - 1) ** 2
    for text in ("M.real", "f(M)", "M if M else 1", "[M]", "lambda: 1", "M // 2", "'M'", "1.5*M", "M**100", "1/0", ""):
        with pytest.raises(FeatherboneError, match="not a symbolic size"):
            parse_expression(text)


def test_a_number_beyond_every_float_is_refused():
    for value in (10**400, -(10**400), float("inf"), float("nan")):
        with pytest.raises(FeatherboneError, match=r"probability is .* it must be a number"):
            read_field("drop: probability", value, float)
