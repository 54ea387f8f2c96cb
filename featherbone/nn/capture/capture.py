"""From a PyTorch model to a graph: run it once on tensors without values, and record what really runs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.called import Called
from featherbone.graph.operators import Input
from featherbone.nn.capture.call_arguments import ModelError
from featherbone.nn.capture.called import CallsByName
from featherbone.nn.capture.entry import TracedOperator
from featherbone.nn.capture.finish import finish_named
from featherbone.nn.capture.inputs import examples, input_names
from featherbone.nn.capture.lazy import with_shapes
from featherbone.nn.capture.modules import Census, census, left_alone
from featherbone.nn.capture.rules import quantized
from featherbone.nn.capture.structure import each_tensor, mapped
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.capture.uncompiled import uncompiled
from featherbone.nn.capture.watch import watch


class CaptureWarning(UserWarning):
    """Something about a capture that its reader should know."""


@dataclass(frozen=True, kw_only=True)
class Captured:
    """A graph, what is to be said about how it came about, a sentence each, and how each operator was called."""

    graph: Graph
    calls: Mapping[str, Called] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class ValuesNeeded(FeatherboneError):
    """A model on the meta device looks at values; the same model with weights may be captured."""


def capture(model: nn.Module, /, *inputs: Any, name: str | None = None, **named: Any) -> Graph:
    """The graph of what ``model`` runs for one example.

    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 32 * 32, 10))
    >>> [node.operator.kind for node in capture(net, (3, 32, 32)).nodes]
    ['input', 'conv', 'activation', 'flatten', 'linear']

    Each input is a size without the batch, or a tensor with it; several inputs in a row, others by name. Nothing is
    computed and no weight is read, so the model may be on the meta device. It is run in evaluation mode and left as it
    was. What the vocabulary lacks becomes an opaque node.

    Raises:
        FeatherboneError: the inputs do not fit the model.

    Warns:
        CaptureWarning: what ``trace`` returns as warnings.
    """
    captured = trace(model, *inputs, name=name, **named)
    for sentence in captured.warnings:
        warnings.warn(sentence, CaptureWarning, stacklevel=2)
    return captured.graph


def trace(model: nn.Module, /, *inputs: Any, name: str | None = None, **named: Any) -> Captured:
    """The same as ``capture``, with the warnings in the result."""
    if isinstance(model, torch.export.ExportedProgram):
        model = model.module()
    if not isinstance(model, nn.Module):
        raise FeatherboneError(
            f"{type(model).__name__} is not a torch.nn.Module", hint="give the model itself, not its class or weights"
        )
    model = getattr(model, "_orig_mod", model)  # torch.compile wraps the model that it compiles
    given, keywords, notes = examples(model, inputs, named)
    title = name or type(model).__name__
    found = census(model)
    if found.lazy:
        model = with_shapes(model, given, keywords)
        notes.append(f"{title} has lazy modules, so a copy of it was run once to give them shapes")
        found = census(model)
    try:
        tracer, outputs = _run(model, found, given, keywords, real=False)
    except ModelError:
        raise
    except (Exception, SystemExit) as error:
        notes.append(
            f"{title} could not be captured without values ({_sentence(error)}), so it was run on "
            + ("meta tensors" if found.device.type == "meta" else "real tensors")
        )
        tracer, outputs = _run_for_real(model, title, found, given, keywords)
    entries = tracer.entries
    notes += dict.fromkeys(tracer.notes)
    if not outputs:
        outputs = _ends(entries)
        if not outputs:
            raise FeatherboneError(f"{title} computes nothing from its inputs")
        notes.append(f"{title} returns no tensor that depends on its inputs; what it ran is counted")
    if any(entry.label in quantized.KERNELS for entry in entries):
        notes.append("quantized layers keep their weights packed, so these are not among the parameters")
    graph, names = finish_named(title, entries, outputs, found.sizes, registered=found.sizes)
    return Captured(graph=graph, calls=CallsByName(names, found), warnings=(*notes, *unused_note(graph)))


def _ends(entries: list[TracedOperator]) -> list[TracedOperator]:
    """What nothing reads, of what was computed."""
    read = {source for entry in entries for source in entry.inputs}
    return [entry for entry in entries if entry not in read and not isinstance(entry.operator, Input)]


def _run_for_real(
    model: nn.Module, title: str, found: Census, given: list[Any], keywords: dict[str, Any]
) -> tuple[Tracer, list[TracedOperator]]:
    try:
        return _run(model, found, given, keywords, real=True)
    except FeatherboneError:
        raise
    except (Exception, SystemExit) as error:
        sizes = ", ".join(str(tuple(tensor.shape)) for tensor in each_tensor((given, keywords)))
        meta = found.device.type == "meta"
        values = meta and _looks_at_values(error)
        kind = ValuesNeeded if values else FeatherboneError
        raise kind(
            f"{title} fails on an input of shape {sizes}: {_sentence(error)}",
            hint="build it with weights: on the meta device it has no values"
            if values
            else "check the input, whose size leaves the batch out (--input 3x224x224, input_size=(3, 224, 224)); "
            "where it is right, this is nothing that can be followed here: export the model with torch.export.save",
        ) from error


def _looks_at_values(error: BaseException) -> bool:
    """Whether torch says that a kernel or a question needs what meta tensors lack."""
    return isinstance(error, NotImplementedError) or "meta" in str(error) or "data-dependent" in str(error)


def _run(
    model: nn.Module, found: Census, given: list[Any], keywords: dict[str, Any], *, real: bool
) -> tuple[Tracer, list[TracedOperator]]:
    """(the tracer with everything that ran, the outputs among it)."""
    tracer = Tracer(found, real=real)
    name_of = input_names(model, given, keywords)

    def traced(tensor: torch.Tensor) -> Traced:
        value = _value(tensor, found.device) if real else None
        return tracer.input(name_of(tensor), tensor.shape, tensor.dtype, value)

    arguments, options = mapped(given, traced), mapped(keywords, traced)
    with uncompiled(), left_alone(found):
        watch(tracer)
        with tracer:
            result = model(*arguments, **options)
    outputs = [tensor.entry for tensor in each_tensor(result) if type(tensor) is Traced and tensor.entry is not None]
    return tracer, outputs


def _value(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor to run on: the one that was given, or noise of its shape."""
    if not tensor.is_meta or device.type == "meta":
        return tensor.to(device)
    if tensor.dtype.is_floating_point:
        return torch.rand(tensor.shape, generator=torch.Generator().manual_seed(0), dtype=tensor.dtype).to(device)
    return torch.zeros(tensor.shape, dtype=tensor.dtype, device=device)


def unused_note(graph: Graph) -> tuple[str, ...]:
    """What is to be said of parameters that the module has and this input does not use; nothing where all are used."""
    if not graph.unused:
        return ()
    total = sum(torch.Size(shape).numel() for _, shape in graph.unused)
    shown = ", ".join(name for name, _ in graph.unused[:3]) + (", …" if len(graph.unused) > 3 else "")
    return (f"{total:,} of the parameters are not used for this input: {shown}",)


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    text = f"it ends Python with {text}" if isinstance(error, SystemExit) else text
    return text if len(text) <= 200 else text[:200] + "…"
