"""Names of other libraries: each layer to its own, folded norms, and refusals that list every mismatch."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, concat, image
from featherbone.graph.folding import without_norms
from featherbone.networks import list_networks, network
from featherbone.nn import module, module_with, weights_of
from featherbone.nn.foreign import match
from featherbone.nn.foreign.match import NAMINGS
from featherbone.nn.foreign.naming import Naming, our_layer
from featherbone.nn.foreign.rewrite import with_epsilon, with_tensorflow_padding


def randomised(graph: Graph) -> dict[str, torch.Tensor]:
    """Weights of ours in which every number matters."""
    torch.manual_seed(0)
    weights = {name: tensor.clone() for name, tensor in weights_of(module(graph, seed=0)).items()}
    for name, tensor in weights.items():
        if "norm" in name or name.endswith("bias"):
            tensor.uniform_(0.5, 1.5) if name.endswith(("var", "weight")) else tensor.normal_(0, 0.1)
    return weights


def renamed(weights: dict[str, torch.Tensor], names: dict[str, str]) -> dict[str, torch.Tensor]:
    """``weights`` with each layer's name replaced, in the order of ``names``."""
    return {
        f"{theirs}.{key.rpartition('.')[2]}": tensor
        for ours, theirs in names.items()
        for key, tensor in weights.items()
        if key.rpartition(".")[0] == ours
    }


SMALL = image(3, 16).conv(8, 3, name="first").norm().act("relu").conv(6, 1, name="second").norm().global_pool()
SMALL_GRAPH = SMALL.flatten().linear(4, name="end").graph("small")
SMALL_NAMES = {"first": "a.0", "first_norm": "a.1", "second": "b.0", "second_norm": "b.1", "end": "c"}


def folded(weights: dict[str, torch.Tensor], graph: Graph) -> dict[str, torch.Tensor]:
    """What folding makes of them: w·γ/√(v+ε), and β - μ·γ/√(v+ε)."""
    result = {}
    for name, tensor in weights.items():
        layer, _, key = name.rpartition(".")
        norm = f"{layer}_norm"
        if layer.endswith("_norm"):
            continue
        result[name] = tensor
        if norm in graph and key == "weight":
            epsilon = graph[norm].operator.epsilon
            scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + epsilon).sqrt()
            result[name] = tensor * scale.view(-1, 1, 1, 1)
            result[f"{layer}.bias"] = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return result


def outputs(graph: Graph, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    torch.manual_seed(1)
    with torch.inference_mode():
        return module_with(graph, weights).eval()(torch.randn(2, *graph.input_shape))


def test_own_names_and_unknown_names_in_order() -> None:
    weights = randomised(SMALL_GRAPH)
    assert match(SMALL_GRAPH, weights).naming == "featherbone"
    found = match(SMALL_GRAPH, renamed(weights, SMALL_NAMES))
    assert found.naming == "order and shape"
    assert all(torch.equal(found.weights[name], weights[name]) for name in weights)
    assert any("compare outputs" in remark for remark in found.remarks)


@pytest.mark.parametrize("spec", ["resnet18:small=true,width=0.25", "mobilenet_v2:small=true,width=0.25"])
def test_folded_norms_compute_the_same(spec: str) -> None:
    graph = network(spec, classes=10)
    weights = randomised(graph)
    found = match(graph, folded(weights, graph))
    assert not any("norm" in node.name for node in found.graph.nodes)
    assert any("folded into biases" in remark for remark in found.remarks)
    torch.testing.assert_close(outputs(found.graph, found.weights), outputs(graph, weights), rtol=1e-3, atol=1e-4)


def test_a_norm_that_is_not_after_a_convolution_alone_stays() -> None:
    x = image(3, 8).conv(4, 1)
    graph = (x.norm() + x).norm(name="after").graph("kept")
    assert without_norms(graph).nodes == graph.nodes


def test_a_bias_before_a_norm_moves_into_its_mean() -> None:
    graph = network("vgg11:norm=true,small=true", classes=10)
    weights = randomised(graph)
    theirs: dict[str, torch.Tensor] = {}
    for name, tensor in weights.items():
        layer, _, key = name.rpartition(".")
        if not layer.startswith("stage"):
            theirs[name.replace("head.classifier", "classifier.6")] = tensor
            continue
        place = [node.name for node in graph.nodes].index(layer) - 1
        theirs[f"features.{place}.{key}"] = tensor
        if key == "weight" and tensor.dim() == 4:
            theirs[f"features.{place}.bias"] = torch.full((len(tensor),), 0.3)
    for name, tensor in theirs.items():
        if name.endswith("running_mean"):
            theirs[name] = tensor + 0.3
    found = match(graph, theirs)
    assert found.naming == "torchvision vgg and alexnet"
    torch.testing.assert_close(outputs(found.graph, found.weights), outputs(graph, weights), rtol=1e-4, atol=1e-5)


def resnet_names(graph: Graph) -> dict[str, str]:
    """torchvision's order: the shortcut stands last in its block."""
    names = {"stem.conv": "conv1", "stem.conv_norm": "bn1"}
    for stage in range(1, 5):
        for block in (1, 2):
            ours, theirs = f"stage{stage}.block{block}", f"layer{stage}.{block - 1}"
            for layer in (1, 2):
                names |= {f"{ours}.conv{layer}": f"{theirs}.conv{layer}"}
                names |= {f"{ours}.conv{layer}_norm": f"{theirs}.bn{layer}"}
            if f"{ours}.shortcut" in graph:
                names |= {f"{ours}.shortcut": f"{theirs}.downsample.0"}
                names |= {f"{ours}.shortcut_norm": f"{theirs}.downsample.1"}
    return {**names, "head.classifier": "fc"}


def test_torchvision_resnet_whatever_the_order() -> None:
    graph = network("resnet18:small=true,width=0.25", classes=10)
    weights = randomised(graph)
    theirs = renamed(weights, resnet_names(graph))
    theirs["bn1.num_batches_tracked"] = torch.tensor(7)
    theirs["AuxLogits.fc.bias"] = torch.zeros(3)
    for order in (sorted(theirs), list(theirs)):
        found = match(graph, {name: theirs[name] for name in order})
        assert found.naming == "torchvision resnet"
        assert all(torch.equal(found.weights[name], weights[name]) for name in weights)
        assert found.remarks == ("left out, being of auxiliary classifiers: 1 tensors",)


def test_every_mismatch_is_listed_under_the_closest_naming() -> None:
    graph = network("resnet18:small=true,width=0.25", classes=10)
    theirs = renamed(randomised(graph), resnet_names(graph))
    theirs["fc.weight"] = torch.zeros(7, 128)
    del theirs["layer1.0.bn1.bias"]
    theirs["layer9.0.conv1.weight"] = torch.zeros(1)
    with pytest.raises(FeatherboneError) as caught:
        match(graph, theirs)
    assert str(caught.value).startswith(
        "the weights, in the naming of torchvision resnet, do not fit resnet18, in 3 tensors:\n"
        "  fc.weight → head.classifier.weight is 7×128; the network needs 10×128\n"
        "  layer9.0.conv1.weight is in the file, and not in the network\n"
        "  stage1.block1.conv1_norm.bias is missing in the file ("
    )


def test_order_that_does_not_decide_is_refused() -> None:
    x = image(3, 8)
    parallel = concat(x.conv(4, 1, name="left"), x.conv(4, 1, name="right")).graph("parallel")
    weights = {"a.weight": torch.zeros(4, 3, 1, 1), "b.weight": torch.ones(4, 3, 1, 1)}
    with pytest.raises(FeatherboneError, match="does not decide between parallel layers of one shape: left and right"):
        match(parallel, weights)


def test_types_and_forms_of_tensors() -> None:
    weights = randomised(SMALL_GRAPH)
    half = match(SMALL_GRAPH, {name: tensor.half() for name, tensor in weights.items()})
    assert half.remarks == (f"float32 here, and float16 in the file: {len(weights)} tensors",)
    as_conv = {**weights, "end.weight": weights["end.weight"].view(4, 6, 1, 1)}
    assert torch.equal(match(SMALL_GRAPH, as_conv).weights["end.weight"], weights["end.weight"])
    with pytest.raises(FeatherboneError, match=r"first\.weight is int8; weights are floating-point numbers"):
        match(SMALL_GRAPH, {**weights, "first.weight": weights["first.weight"].to(torch.int8)})


def test_rewrites_change_only_what_they_say() -> None:
    graph = network("mobilenet_v2")
    padded = with_tensorflow_padding(graph)
    assert padded["stem.conv"].operator.padding == ((0, 1), (0, 1))
    assert [node.shape for node in padded.nodes] == [node.shape for node in graph.nodes]
    assert padded.parameters() == graph.parameters()
    assert with_epsilon(with_epsilon(graph, 0.1), 1e-5) == graph


@cache
def last_names() -> set[str]:
    """The last part of every node's name, over all networks."""
    return {
        node.name.rpartition(".")[2] for name in list_networks() if name != "regnet" for node in network(name).nodes
    }


@pytest.mark.parametrize("naming", NAMINGS, ids=lambda naming: naming.name)
def test_rules_have_targets(naming: Naming) -> None:
    """Each rule leads to a layer that some network has: names here and there move together."""
    ends = {rule[1].rpartition("}")[2].rpartition("|")[2].rpartition(".")[2] for rule in naming.rules} - {""}
    assert ends <= last_names()
    assert our_layer(SMALL_GRAPH, "no such layer", naming) is None


@pytest.mark.parametrize(
    "gone", [("stem.conv_norm.running_mean",), ("stage1.block1.conv2.weight", "head.classifier.bias")]
)
def test_what_a_file_of_our_own_lacks_is_listed_and_nothing_else(gone: tuple[str, ...]) -> None:
    graph = network("cifar_resnet20")
    weights = randomised(graph)
    kept = {name: tensor for name, tensor in weights.items() if name not in gone}
    lacking = sorted(set(weights) - set(kept))
    with pytest.raises(FeatherboneError) as caught:
        match(graph, kept)
    lines = "".join(f"\n  {name} is missing in the file" for name in lacking)
    assert caught.value.sentence == (
        f"the weights, in the naming of featherbone, do not fit cifar_resnet20, in {len(lacking)} tensors:{lines}"
    )
    assert caught.value.hint == "the file is not whole: save the whole state dict"


def test_by_order_a_missing_layer_moves_none_after_it() -> None:
    graph = network("cifar_resnet20")
    theirs = {f"x.{name}": tensor for name, tensor in randomised(graph).items()}
    del theirs["x.stage1.block1.conv2.weight"], theirs["x.stem.conv_norm.running_mean"]
    with pytest.raises(FeatherboneError) as caught:
        match(graph, theirs)
    assert caught.value.sentence == (
        "the weights do not match the layers of cifar_resnet20 in order, in 2 places; it has 39 layers with weights, "
        "and the file 38:\n"
        "  stem.conv_norm (weight 16, bias 16, running_mean 16, running_var 16) ↔ "
        "x.stem.conv_norm (weight 16, bias 16, running_var 16)\n"
        "  stage1.block1.conv2 (weight 16×16×3×3) ↔ nothing"
    )


def test_norms_without_running_statistics_are_not_taken_for_folded_ones() -> None:
    graph = network("mobilenet_v2:width=0.25", classes=10)
    statistics = ("running_mean", "running_var")
    kept = {name: tensor for name, tensor in randomised(graph).items() if not name.endswith(statistics)}
    with pytest.raises(FeatherboneError) as caught:
        match(graph, kept)
    first, *lacking, last = caught.value.sentence.splitlines()
    assert first.endswith("in 104 tensors:")
    assert len(lacking) == 7
    assert last == "  … and 97 more"
    assert all(line.removesuffix(" is missing in the file").endswith(statistics) for line in lacking)
    assert caught.value.hint == "the file is not whole: save the whole state dict"


def test_classes_alone_are_named_as_the_cause() -> None:
    graph = network("cifar_resnet20")
    weights = randomised(network("cifar_resnet20:classes=7"))
    with pytest.raises(FeatherboneError, match=r"in 2 tensors:[^(]*\(only the classes differ: .* classes=7\)"):
        match(graph, weights)


def test_weights_of_another_network_are_refused_on_one_screen() -> None:
    weights = {f"x.{name}": tensor for name, tensor in randomised(network("cifar_resnet20")).items()}
    with pytest.raises(FeatherboneError) as caught:
        match(network("mobilenet_v2:small=true,width=0.25", classes=10), weights)
    assert len(str(caught.value).splitlines()) <= 9
    assert caught.value.hint.startswith("these seem to be the weights of another network than mobilenet_v2")


def test_no_weights_at_all_are_refused() -> None:
    with pytest.raises(FeatherboneError, match="there are no weights to match"):
        match(network("squeezenet", classes=10), {})
