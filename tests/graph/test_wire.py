"""Building networks: shapes, names, and errors that say which node, which value, what is allowed."""

import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import concat, image, scope, symbols
from featherbone.graph.operators import Conv


def test_names_follow_scope_and_producer():
    x = image(3, 32)
    with scope("stage1"), scope("block2"):
        y = x.pointwise(8, name="expand").norm().act("relu6")
        z = y.conv(8, 3).norm()
        z = y.conv(8, 3).norm() + z
    names = [node.name for node in (z + y).act("relu").graph("net").nodes]
    assert names == [
        "image",
        "stage1.block2.expand",
        "stage1.block2.expand_norm",
        "stage1.block2.expand_act",
        "stage1.block2.conv",
        "stage1.block2.conv_norm",
        "stage1.block2.conv_2",
        "stage1.block2.conv_2_norm",
        "stage1.block2.add",
        "add",
        "add_act",
    ]


def test_a_node_never_takes_the_name_of_a_scope():
    x = image(3, 8)
    with scope("conv"):
        x = x.conv(4, 3)
    graph = x.conv(4, 3, name="conv").graph("net")
    assert [node.name for node in graph.nodes] == ["image", "conv.conv", "conv_2"]


def test_norm_outside_its_producers_scope_has_its_own_name():
    with scope("a"):
        x = image(3, 8).conv(4, 3)
    with scope("b"):
        assert x.norm().graph("net").nodes[-1].name == "b.norm"


def test_building_shares_nothing():
    x = image(3, 8)
    with scope("left"):
        left = x.conv(4, 3)
    with scope("right"):
        right = x.conv(4, 3)
    assert len(left.graph("one").nodes) == 2
    assert len((left + right).graph("both").nodes) == 4
    assert len(left.graph("one").nodes) == 2


def test_a_network_deeper_than_the_stack():
    x = image(2, 4)
    for _ in range(5000):
        x = x.act("relu")
    assert len(x.graph("deep").nodes) == 5001


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        ("same", ((1, 1), (1, 1))),
        ("valid", ((0, 0), (0, 0))),
        ("tf_same", ((0, 1), (0, 1))),
        (2, ((2, 2), (2, 2))),
        ((1, 2), ((1, 1), (2, 2))),
        (((0, 1), (2, 3)), ((0, 1), (2, 3))),
    ],
)
def test_padding_in_every_spelling(padding, expected):
    operator = image(3, 224).conv(8, 3, stride=2, padding=padding).operator
    assert isinstance(operator, Conv)
    assert operator.padding == expected


def test_dilated_same_padding_keeps_the_size():
    assert image(3, 33).conv(8, 3, dilation=4).shape == (8, 33, 33)


def test_even_kernels_keep_the_size_too():
    assert image(3, 32).conv(8, 4).shape == (8, 32, 32)


def test_one_and_three_dimensional_convolution():
    from featherbone.graph.graph import infer

    conv = Conv(out_channels=8, kernel=(3,), stride=(2,), padding=((1, 1),), dilation=(1,))
    assert infer("conv", conv, ((4, 100),)) == (8, 50)
    cube = Conv(out_channels=8, kernel=(3,) * 3, stride=(1,) * 3, padding=((0, 0),) * 3, dilation=(1,) * 3)
    assert infer("conv", cube, ((4, 9, 9, 9),)) == (8, 7, 7, 7)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda x: x.conv(8, 3, groups=5), r"conv: 5 groups do not divide the 8 output channels"),
        (lambda x: x.conv(10, 3, groups=5), r"conv: 5 groups do not divide the 6 input channels.*nearest"),
        (lambda x: x.conv(0, 3), r"out_channels is 0; it must be at least 1"),
        (lambda x: x.conv(-4, 3), r"out_channels is -4"),
        (lambda x: x.conv(8, 0), r"kernel is 0"),
        (lambda x: x.conv(8, 3, stride=0), r"stride is 0"),
        (lambda x: x.conv(8, 3, padding=-1), r"padding is -1; it must not be negative"),
        (lambda x: x.conv(8, 3, padding="full"), r"padding 'full' is unknown.*same, valid"),
        (lambda x: x.conv(8, (3, 3, 3)), r"kernel \(3, 3, 3\) speaks of 3 sides; the map has 2"),
        (lambda x: x.conv(8.5, 3), r"8.5 is not a whole number"),
        (lambda x: x.conv(True, 3), r"True is not a whole number"),
        (lambda x: x.conv(8, 12, padding="valid"), r"below 1×1.*window of 12 does not fit side 8"),
        (lambda x: x.max_pool(9), r"max_pool would shrink the map below 1×1"),
        (lambda x: x.max_pool(2, padding=2), r"more than half of its kernel"),
        (lambda x: x.act("rel"), r"unknown activation 'rel' \(did you mean relu"),
        (lambda x: x.dropout(1.0), r"dropout probability is 1.0; it must lie in 0..1"),
        (lambda x: x.linear(10), r"linear needs a vector; its input has shape 6×8×8 \(flatten it first\)"),
        (lambda x: x.flatten().conv(3, 3), r"conv needs a feature map"),
        (lambda x: x.flatten().global_pool(), r"global_pool needs a feature map"),
        (lambda x: x.shuffle(4), r"shuffle's 4 groups do not divide its 6 channels"),
        (lambda x: x.slice(4, 9), r"slice 4:9 of 6 channels"),
        (lambda x: x.split(4), r"6 channels do not split in 4 equal parts"),
        (lambda x: x + x.conv(7, 3), r"add: add needs inputs of one shape; got 6×8×8 and 7×8×8"),
        (lambda x: x * x.conv(7, 3), r"multiply cannot stretch 7×8×8 to 6×8×8"),
        (lambda x: concat(x, x.conv(7, 3, stride=2)), r"concat needs maps of one size"),
        (lambda x: concat(), r"concat takes at least 1 inputs; it was given 0"),
        (lambda x: x.norm(epsilon=0.0), r"epsilon is 0.0"),
        (lambda x: x.conv(2**40, 3), r"largest size allowed"),
        (lambda x: x.resize(2**30), r"elements; allowed are"),
        (lambda x: x.resize(4, mode="cubic"), r"resize by 'cubic'"),
        (lambda x: x.global_pool("sum"), r"'avg' or 'max'"),
    ],
)
def test_errors_name_node_value_and_what_is_allowed(build, said):
    with pytest.raises(FeatherboneError, match=said), scope("stage2"):
        build(image(6, 8))


def test_errors_begin_with_the_full_name():
    with pytest.raises(FeatherboneError, match=r"^stage2\.block1\.expand: "), scope("stage2"), scope("block1"):
        image(6, 8).pointwise(8, groups=5, name="expand")


def test_symbolic_shapes_keep_what_the_papers_assume():
    M, N, K, I = symbols("M N K I")  # noqa: E741
    assert image(M, I).conv(N, K).shape == (N, I, I)
    assert image(M, I).conv(N, K, stride=2).shape == (N, I / 2, I / 2)
    assert image(M, I).max_pool(3, stride=2, padding=1).shape == (M, I / 2, I / 2)
    assert image(M, I).flatten().shape == (M * I**2,)


def test_tf_same_needs_numbers():
    (I,) = symbols("I")  # noqa: E741
    with pytest.raises(FeatherboneError, match="'tf_same' depends on the size"):
        image(3, I).conv(8, 3, padding="tf_same")


def test_printing_is_a_table_and_html_escapes():
    graph = image(3, 32).conv(8, 3, name="stem").norm().act("relu").graph("<tiny>")
    text = str(graph)
    assert text.splitlines()[0] == "<tiny>: 3×32×32 → 8×32×32, 3 operators, 232 parameters"
    assert "stem_act" in text
    assert "&lt;tiny&gt;" in graph._repr_html_()
    assert "<tiny>" not in graph._repr_html_()


def test_unknown_node_has_a_hint():
    graph = image(3, 32).conv(8, 3, name="stem").graph("tiny")
    with pytest.raises(FeatherboneError, match=r"no node 'sten' \(did you mean stem\?\)"):
        graph["sten"]
