"""What runs more than once, or perhaps: branches, loops, scans, and functions of the file."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_nodes import FLOAT, array, counted, given, node, saved, unstated, weight

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.importing import read


def branch(name, channels):
    weights = [weight("w", channels, 4, 1, 1), weight("v", 2, channels, 1, 1)]
    nodes = [node("Conv", "x w", ["h"]), node("Conv", "h v", [f"{name}_y"])]
    return helper.make_graph(nodes, name, [], [unstated(f"{name}_y")], weights)


@pytest.mark.parametrize(("constant", "macs"), [(True, 64 * 18), (False, 64 * 30), (None, 64 * 30)])
def test_if_counts_the_branch_that_runs_else_the_dearest(tmp_path, constant, macs):
    """3 or 5 channels between 4 and 2: 18 or 30 multiply-adds a pixel; where the input decides, both are held."""
    nodes = [node("If", "c", then_branch=branch("then", 3), else_branch=branch("else", 5))]
    inputs = [given("x", 1, 4, 8, 8)] + ([given("c", kind=TensorProto.BOOL)] if constant is None else [])
    weights = [] if constant is None else [array("c", constant, np.bool_)]
    found = read(saved(tmp_path, nodes, weights, inputs))
    cost = count(found.graph)
    assert (cost.macs, cost.complete) == (macs, True)
    assert cost.params == {True: 18, False: 30, None: 48}[constant]
    assert any("the dearest counts" in note for note in found.warnings) == (constant is None)


@pytest.mark.parametrize(("passes", "macs"), [(0, 0), (3, 3 * 64), (1_000_000, 64_000_000), (None, None)])
def test_loop_counts_its_body_as_often_as_it_runs(tmp_path, passes, macs):
    names = ["turn", "going", "state"]
    body = helper.make_graph(
        [node("MatMul", "state w", ["after"]), node("Identity", "going", ["on"])],
        "body",
        [given("turn", kind=TensorProto.INT64), given("going", kind=TensorProto.BOOL), unstated(names[2])],
        [unstated("on", TensorProto.BOOL), unstated("after")],
    )
    inputs = [given("x", 1, 8)] + ([given("n", kind=TensorProto.INT64)] if passes is None else [])
    weights = [weight("w", 8, 8), *([] if passes is None else [array("n", passes)])]
    loop = helper.make_node("Loop", ["n", "", "x"], ["y"], body=body)
    cost = counted(tmp_path, [loop], weights, inputs)
    assert (cost.complete, cost.macs) == ((False, 0) if passes is None else (True, macs))


def test_scan_counts_every_step(tmp_path):
    body = helper.make_graph(
        [node("MatMul", "item w", ["step"]), node("Add", "state step", ["after"]), node("Identity", "after", ["out"])],
        "body",
        [unstated("state"), unstated("item")],
        [unstated("after"), unstated("out")],
    )
    scan = helper.make_node(
        "Scan", ["s", "x"], ["last", "y"], body=body, num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[1]
    )
    graph = read(saved(tmp_path, [scan], [weight("w", 8, 5)], [given("s", 1, 5), given("x", 1, 7, 8)])).graph
    assert (count(graph).macs, graph.output_shape) == (7 * 40, (7, 5))


def function(name, nodes, opset=17):
    return helper.make_function(
        "mine",
        name,
        ["a"],
        ["b"],
        nodes,
        [helper.make_opsetid("", opset), helper.make_opsetid("mine", 1)],
        attributes=["strides"],
    )


def test_functions_of_the_file_are_followed(tmp_path):
    conv = node("Conv", "a w", ["b"])
    conv.attribute.add(name="strides", ref_attr_name="strides", type=onnx.AttributeProto.INTS)
    value = numpy_helper.from_array(np.zeros((4, 4, 1, 1), dtype=FLOAT), "w")
    block = function("block", [node("Constant", "", ["w"], value=value), conv])
    nodes = [node("block", "x", ["m"], domain="mine", strides=[2, 2]), node("block", "m", domain="mine")]
    cost = counted(tmp_path, nodes, functions=[block], domains=["mine"])
    assert (cost.macs, cost.params, cost.complete) == (2 * 16 * 16, 16, True)


def test_functions_that_never_end_are_refused(tmp_path):
    itself = function("itself", [node("itself", "a", ["b"], domain="mine")])
    with pytest.raises(FeatherboneError, match="more than 32 deep"):
        counted(tmp_path, [node("itself", "x", domain="mine")], functions=[itself], domains=["mine"])
    doubling = [function("f0", [node("Relu", "a", ["b"])])]
    for place in range(1, 30):
        kind = f"f{place - 1}"
        doubling.append(
            function(f"f{place}", [node(kind, "a", ["c"], domain="mine"), node(kind, "c", ["b"], domain="mine")])
        )
    with pytest.raises(FeatherboneError, match="when all are written out"):
        counted(tmp_path, [node("f29", "x", domain="mine")], functions=doubling, domains=["mine"])
