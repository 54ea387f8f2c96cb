"""``featherbone factorize`` as a job: planned without a change, carried out into a file that computes what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.job import FactorizeRequest, carry_out, plan_factorizing
from featherbone.nn import Model, Preprocessing, load_model, save_model
from featherbone.nn.initialise import initial_weights


def saved(path: Path, graph: Graph) -> str:
    seen = Preprocessing(resolution=8, channels=1, mean=(0.3,), std=(0.4,))
    classes = tuple(f"class {place}" for place in range(int(graph.output_shape[0])))
    weights = initial_weights(graph, seed=0)
    save_model(path, Model(graph=graph, weights=weights, classes=classes, preprocessing=seen))
    return str(path)


@pytest.fixture
def model(tmp_path: Path) -> str:
    x = image(1, 8).conv(8, 3, name="stem").norm().act("relu")
    x = (x + x.conv(8, 3, name="inner").norm()).act("relu").depthwise(3, name="filter").norm()
    graph = x.global_pool().flatten().linear(3, name="scores").graph("tiny")
    return saved(tmp_path / "tiny.safetensors", graph)


@pytest.mark.parametrize(("into", "form"), [("asymmetric", "asymmetric"), ("grouped", "grouped")])
def test_a_file_is_mended_normed_again_and_costs_what_was_planned(model, into, form, tmp_path):
    out = tmp_path / "small.safetensors"
    request = FactorizeRequest(
        model=model,
        data="digits",
        into=into,
        layers="inner",
        images=64,
        untimed=True,
        out=out,
    )
    plan = plan_factorizing(request)
    assert [(each.layer, each.form) for each in plan.chosen] == [("inner", form)]
    assert not out.exists()
    done = carry_out(plan)
    found, whole = load_model(out), load_model(model)
    assert count(found.graph).macs == count(whole.graph).macs - sum(each.saved for each in plan.chosen)
    assert "inner_norm" in found.graph
    assert found.classes == whole.classes
    assert found.preprocessing == whole.preprocessing
    assert found.provenance["factorized"]["layers"] == [{"layer": "inner", "form": form, "rank": plan.chosen[0].rank}]
    assert 0 < done.agreement <= 1
    assert done.facts()["macs"] == count(found.graph).macs


def test_without_images_weights_are_fitted_and_all_else_is_as_it_was(model, tmp_path):
    out = tmp_path / "small.safetensors"
    done = carry_out(plan_factorizing(FactorizeRequest(model=model, into="all", untimed=True, out=out)))
    before, after = load_model(model), load_model(out)
    same = [name for name in before.weights if name in after.weights and name.startswith(("filter", "stem_norm"))]
    assert same
    assert all(torch.equal(before.weights[name], after.weights[name]) for name in same)
    assert done.agreement is None


def test_a_limit_of_the_whole_network_is_kept(model, tmp_path):
    macs = count(load_model(model).graph).macs
    request = FactorizeRequest(
        model=model, into="all", macs=macs * 3 // 4, untimed=True, out=tmp_path / "m.safetensors"
    )
    assert carry_out(plan_factorizing(request)).facts()["macs"] <= macs * 3 // 4


def test_each_chosen_layer_is_timed(model):
    plan = plan_factorizing(FactorizeRequest(model=model, into="asymmetric", layers="inner"))
    assert len(plan.times) == len(plan.chosen) > 0
    assert all(time.whole > 0 and time.chain > 0 for time in plan.times)


def test_layers_before_an_unknown_operator_are_done(tmp_path):
    x = image(1, 8).conv(8, 3, bias=True, name="before").opaque("swirl", (8, 8, 8), name="swirl")
    graph = x.conv(8, 3, name="behind").global_pool().flatten().linear(3).graph("strange")
    path, out = saved(tmp_path / "strange.safetensors", graph), tmp_path / "out.safetensors"
    request = FactorizeRequest(model=path, data="digits", into="pointwise_after", images=16, untimed=True, out=out)
    plan = plan_factorizing(request)
    assert [each.layer for each in plan.chosen] == ["before"]
    assert dict(plan.table.left)["behind"] == "there are no moments of what it reads"
    assert carry_out(plan).agreement is None
    assert "before_factor1" in load_model(out).graph


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"into": "asymetric"}, "there is no form 'asymetric' (did you mean asymmetric?)"),
        ({"into": " , "}, "--into is ' , '; it names no form"),
        ({"rank": 0}, "--rank is 0; it must be at least 1"),
        ({"rank": 99}, "nothing of tiny can be factorized so: stem: rank is 99; asymmetric of stem has 1 to 3"),
        ({"share": 1.5}, "--share is 1.5; it must be above 0 and below 1"),
        ({"share": 0.5, "macs": 10}, "--share and --macs are given; they are different ways to say how far"),
        ({"macs": 10}, "with each layer as far down as was tried; the limit is 10"),
        ({"macs": 10**9}, "there is nothing to do: tiny has"),
        ({"layers": "iner"}, "no layer of tiny is named 'iner' (did you mean inner?)"),
        ({"layers": "stem_norm"}, "--layers is stem_norm, which is a batch_norm: no convolution or linear layer"),
        ({"layers": "filter"}, "filter: depthwise 3×3 is factorized by its groups already"),
        ({"model": "mobilenet_v2"}, "mobilenet_v2 is a network without weights (`featherbone convert` makes"),
        ({"model": "nowhere.safetensors"}, "nowhere.safetensors"),
        ({"out": Path("m.onnx")}, "--out is m.onnx; a model file ends in .safetensors"),
        ({"out": Path("no/such/m.safetensors")}, "there is no folder no/such to write m.safetensors to"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_written(model, asked, said, tmp_path):
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FeatherboneError) as refused:
        plan_factorizing(FactorizeRequest(**{"model": model, "into": "asymmetric", "untimed": True, **asked}))
    assert said in str(refused.value)
    assert sorted(tmp_path.iterdir()) == before
