"""Other ways in which a figure may have been counted, each of them computed.

None has a free parameter, so none can be stretched until it fits: an alternative predicts one number, and either the
published figure is that number at its own precision, or it is not. The rules of one tool are only tried on its figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from featherbone.cost.convention import PAPERS, Charge, Convention
from featherbone.cost.count import count
from featherbone.cost.presets import FVCORE, PYTORCHCV
from featherbone.cost.row import Row
from featherbone.graph import Graph
from featherbone.graph.dimension import volume
from featherbone.graph.operators import Conv, GlobalPool, Linear


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """A way of counting in a few words, and what it gives.

    ``tool`` names the only origin whose figures it may explain ("" is any). ``count`` gives ``None`` where the
    alternative does not apply to a network, such as one without a linear layer.
    """

    name: str
    count: Callable[[Graph], int | None]
    tool: str = ""


def _macs(convention: Convention) -> Callable[[Graph], int]:
    return lambda graph: int(count(graph, convention).macs)


def _params(convention: Convention) -> Callable[[Graph], int]:
    return lambda graph: int(count(graph, convention).params)


def _activations(convention: Convention) -> Callable[[Graph], int]:
    return lambda graph: int(count(graph, convention).activations)


def _last_pooling_only(convention: Convention) -> Callable[[Graph], int]:
    """The means inside squeeze-and-excitation may be a tensor's own, which a tool does not see."""

    def macs(graph: Graph) -> int:
        rows = [row for row in count(graph).rows if isinstance(row.operator, GlobalPool)]
        charged, free = count(graph, convention), {row.name for row in rows[:-1]}
        return sum(int(row.macs) for row in charged.rows if row.name not in free)

    return macs


def _pytorchcv_unbiased_classifier(graph: Graph) -> int | None:
    """Its MobileNetV2 classifies with a 1×1 convolution that has no bias, for which its rule takes something off."""
    last = _classifier(graph)
    return None if last is None else int(count(graph, PYTORCHCV).macs) - int(last.macs) // 2


def _first_convolution_left_out(graph: Graph) -> int:
    cost = count(graph)
    return int(cost.macs) - int(next(row.macs for row in cost.rows if row.macs))


def _classifier_left_out(graph: Graph) -> int | None:
    last = _classifier(graph)
    return None if last is None else int(count(graph).params) - int(last.params)


def _classifier_unbiased(graph: Graph) -> int | None:
    last = _classifier(graph)
    return None if last is None else int(count(graph).params) - int(volume(last.output))


def _hidden_unbiased(graph: Graph) -> int | None:
    """Its MobileNetV3 has no bias in the hidden layer before the classifier."""
    cost = count(graph)
    biases = [int(volume(row.output)) for row in cost.rows if isinstance(row.operator, Linear) and row.operator.bias]
    return int(cost.params) - sum(biases[:-1]) if biases[1:] else None


def _background_class(graph: Graph) -> int | None:
    last = _classifier(graph)
    return None if last is None else int(count(graph).params) + int(volume(last.inputs[0])) + 1


def _biases_beside_norms(graph: Graph) -> int:
    cost = count(graph)
    unbiased = [row for row in cost.rows if isinstance(row.operator, Conv) and not row.operator.bias]
    return int(cost.params) + sum(int(row.output[0]) for row in unbiased)


def _classifier(graph: Graph) -> Row | None:
    weighted = [row for row in count(graph).rows if row.macs]
    return weighted[-1] if weighted and isinstance(weighted[-1].operator, Linear) else None


_ONLY_CONVOLUTIONS = replace(
    PAPERS, name="convolutions", multiply_adds=frozenset({"conv"}), activations=frozenset({"conv"})
)
_MAPS_CHARGED = replace(PAPERS, name="maps", charges={"add": Charge(written=1), "multiply": Charge(written=1)})
_NORMS_TWICE = replace(PAPERS, name="norms", charges={"batch_norm": Charge(written=2)})
_WITH_MAX_POOLING = replace(PAPERS, name="max pooling", activations=frozenset({"conv", "linear", "max_pool"}))

ALTERNATIVES: dict[str, tuple[Alternative, ...]] = {
    "macs": (
        Alternative(name="fvcore's convention: norms and global pooling charged", count=_macs(FVCORE), tool="timm"),
        Alternative(
            name="fvcore's convention, with the means of squeeze-and-excitation free",
            count=_last_pooling_only(FVCORE),
            tool="timm",
        ),
        Alternative(
            name="pytorchcv's convention: norms, activations and pooling charged",
            count=_macs(PYTORCHCV),
            tool="pytorchcv",
        ),
        Alternative(
            name="pytorchcv's convention, with the means of squeeze-and-excitation free",
            count=_last_pooling_only(PYTORCHCV),
            tool="pytorchcv",
        ),
        Alternative(
            name="pytorchcv's convention, and a classifier without bias",
            count=_pytorchcv_unbiased_classifier,
            tool="pytorchcv",
        ),
        Alternative(
            name="paddle.flops: two multiply-adds for each element of a norm", count=_macs(_NORMS_TWICE), tool="paddle"
        ),
        Alternative(
            name="biases charged", count=_macs(replace(PAPERS, name="biases", conv_bias=True, linear_bias=True))
        ),
        Alternative(name="adds and products of maps charged", count=_macs(_MAPS_CHARGED)),
        Alternative(name="first convolution left out", count=_first_convolution_left_out),
        Alternative(name="linear layers left out", count=_macs(_ONLY_CONVOLUTIONS)),
        Alternative(name="FLOPs (2 × MACs) quoted as multiply-adds", count=lambda graph: 2 * int(count(graph).macs)),
    ),
    "params": (
        Alternative(name="classifier without bias", count=_classifier_unbiased, tool="pytorchcv"),
        Alternative(name="hidden linear layers without bias", count=_hidden_unbiased, tool="pytorchcv"),
        Alternative(name="convolutions keep a bias beside their norm", count=_biases_beside_norms, tool="timm"),
        Alternative(name="1001 classes, one for the background", count=_background_class),
        Alternative(
            name="norm parameters left out", count=_params(replace(PAPERS, name="no norms", norm_parameters=False))
        ),
        Alternative(name="biases left out", count=_params(replace(PAPERS, name="no biases", biases=False))),
        Alternative(name="classifier left out", count=_classifier_left_out),
    ),
    "activations": (
        Alternative(name="what max pooling writes too", count=_activations(_WITH_MAX_POOLING), tool="pycls"),
        Alternative(name="what convolutions write, linear layers left out", count=_activations(_ONLY_CONVOLUTIONS)),
    ),
}
