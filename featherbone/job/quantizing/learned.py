"""Integers that lose too much learn from the float network, for as long as there is time."""

from __future__ import annotations

from dataclasses import replace

from featherbone.job.quantizing.plan import QuantizingPlan
from featherbone.job.views import views
from featherbone.nn import module_with
from featherbone.progress import Progress, Step
from featherbone.quantize import FakeQuantized, QuantizationChoice
from featherbone.quantize.agreement import agreement, answers, divergence
from featherbone.quantize.build import divided
from featherbone.quantize.learning import learn
from featherbone.rewrite.trained_graph import TrainedGraph


def learned(
    plan: QuantizingPlan, network: TrainedGraph, choice: QuantizationChoice, progress: Progress
) -> QuantizationChoice:
    """The choice after training with its quantizers in the loop; which images a step takes follows from the seed."""
    request = plan.request
    assert request.time is not None, "asked for"
    draw = views(plan.dataset, plan.model.preprocessing, request.seed)
    progress(Step(name="learn", detail="from the network in float, as the drop is too large"))
    found = learn(choice.network, network, draw, request.time, progress)
    held_back = divided(plan.images)[1]
    expected, said = answers(module_with(*network).eval(), held_back), answers(FakeQuantized(found), held_back)
    return replace(choice, network=found, divergence=divergence(expected, said), agreement=agreement(expected, said))
