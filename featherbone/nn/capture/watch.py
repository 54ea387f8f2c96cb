"""Which module is running: during a capture each module's forward says when it begins and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.layers import Layer, function_of, layer_rule
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer

Forward = Callable[..., Any]


def watch(tracer: Tracer) -> None:
    """Give every module of the tracer's census such a forward; inside ``left_alone``, which takes it back.

    On real tensors each forward runs as it is; without values torch.nn's own layers are answered at once.
    """
    found, real = tracer.census, tracer.real
    paths, scripted = found.paths, found.scripted
    for module in found.modules:
        place, attributes = paths[id(module)], module.__dict__
        rule = None if real else layer_rule(module)
        if rule is not None:
            attributes["forward"] = _answered(tracer, place, module, rule, module.forward)
        else:  # what torch.compile wraps runs without being compiled
            compiled = None if id(module) in scripted else attributes["_modules"].get("_orig_mod")
            attributes["forward"] = _placed(tracer, place, module.forward if compiled is None else compiled)
        if "_compiled_call_impl" in attributes:
            attributes["_compiled_call_impl"] = None


def _placed(tracer: Tracer, place: tuple[str, bool], forward: Forward) -> Forward:
    """``forward``, and what it records belongs to this place."""
    places = tracer.places

    def placed(*args: Any, **kwargs: Any) -> Any:
        places.append(place)
        try:
            return forward(*args, **kwargs)
        finally:
            places.pop()

    placed.__wrapped__ = forward  # type: ignore[attr-defined]  # models ask for its signature
    return placed


def _answered(tracer: Tracer, place: tuple[str, bool], layer: nn.Module, rule: Layer, forward: Forward) -> Forward:
    """The rule of a layer for an activation; its forward for anything else."""
    places, function = tracer.places, function_of(layer)

    def answered(*args: Any, **kwargs: Any) -> Any:
        places.append(place)
        try:
            if len(args) == 1 and not kwargs and type(args[0]) is Traced and args[0].entry is not None:
                tracer.function = function
                try:
                    return rule(tracer, layer, args[0])
                except NoRule:
                    pass
            return forward(*args, **kwargs)
        finally:
            places.pop()

    answered.__wrapped__ = forward  # type: ignore[attr-defined]
    return answered
