"""One entry for whatever a person names: a network of the zoo, a file, a function that builds a model, a module."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featherbone.errors import FeatherboneError
from featherbone.files import MODELS, damage, opened, read_text, require_regular
from featherbone.graph import Graph
from featherbone.graph.called import Called

if TYPE_CHECKING:
    from featherbone.cost import Convention, Count
    from featherbone.cost.table import Constant

Inputs = Sequence[Any] | Mapping[str, Any]
USUAL = (3, 224, 224)  # what a model is assumed to take where nobody says
FACTORY = re.compile(r"(?P<home>[^:()]+):(?P<function>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)\s*(?P<call>\(.*\))?", re.DOTALL)
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A graph, what is to be said about how it came about, a sentence each, and how a module called each operator.

    ``calls`` is empty for what is no module: networks of the zoo and files. ``constants`` are the numbers of an ONNX
    file that are no parameters. ``dtype`` is what weights and maps are held in.
    """

    graph: Graph
    warnings: tuple[str, ...] = ()
    constants: tuple[Constant, ...] = ()
    calls: Mapping[str, Called] = field(default_factory=dict)
    dtype: str = "float32"


class ImportedWarning(UserWarning):
    """Something about an import that its reader should know."""


def read_model(target: Any, input_size: Any = None, *, inputs: Inputs | None = None) -> Graph:
    """The graph of what ``target`` names.

    >>> read_model("mobilenet_v2:width=0.5").output_shape
    (1000,)

    A target is

    - a network of the zoo with settings: ``mobilenet_v2:width=0.5,resolution=160``
    - a featherbone model (``.safetensors``, or packed ``.fbone``) or a graph (``.json``)
    - a function or class that builds a PyTorch model, with plain arguments: ``package.module:build``,
      ``file.py:Build(width=0.5)``. It is run, so it must be code that you trust
    - an ONNX file, or an archive of ``torch.export`` (``.pt2``): parsed, nothing in them is run
    - a ``torch.nn.Module``, or a ``Graph``

    ``input_size`` is the size of the input without the batch, 3×224×224 unless given. ``inputs`` holds several, in
    order or by name, each a size, a tensor (with the batch), or a text as the command line takes it:

    >>> read_model("torch.nn:Embedding(1000, 16)", inputs=["128:int64"]).output_shape
    (128, 16)

    Files say for themselves what they take; where an ONNX file leaves sizes open, ``inputs`` fills them.

    Raises:
        FeatherboneError: with what is wrong with the target and the next step.

    Warns:
        ImportedWarning: what ``read`` returns as warnings.
    """
    return _warned(read(target, input_size, inputs=inputs)).graph


def _warned(imported: Imported) -> Imported:
    for sentence in imported.warnings:
        warnings.warn(sentence, ImportedWarning, stacklevel=3)
    return imported


def read(target: Any, input_size: Any = None, *, inputs: Inputs | None = None) -> Imported:
    """The same as ``read_model``, with the warnings in the result."""
    if isinstance(target, Graph):
        return Imported(graph=target)
    if not isinstance(target, (str, Path)):
        return _module(target, input_size, inputs, None)
    text = str(target)
    suffix = Path(text).suffix.lower()
    if suffix in (*MODELS, ".json", ".onnx", ".pt2", *PICKLES) and ":" not in Path(text).name:
        if suffix != ".onnx":
            _only_for_modules(text, input_size, inputs)
        return _file(Path(text), suffix, *_called_with(input_size, inputs))
    found = _factory(text)
    if found:
        return _built(found, input_size, inputs)
    from featherbone.networks import network

    if suffix == ".py":
        raise FeatherboneError(f"{text} is Python, and may hold many models", hint=f"name one: {text}:FUNCTION")
    if Path(text).is_file():
        _require_kind(Path(text), known=False)
    _only_for_modules(text, input_size, inputs)
    graph = network(text)
    return Imported(graph=graph.renamed(text.strip()) if ":" in text else graph)


def profile(
    model: Any, input_size: Any = None, *, inputs: Inputs | None = None, convention: Convention | None = None
) -> Count:
    """Parameters, multiply-adds and activations of any model: whatever ``read_model`` takes.

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    >>> profile(model, (3, 32, 32)).macs
    194400

    ``convention`` is one of ``featherbone.cost.CONVENTIONS``, to count as another tool does, or one of your own:

    >>> from featherbone.cost import CONVENTIONS
    >>> profile(model, (3, 32, 32), convention=CONVENTIONS["ptflops"]).macs
    216000
    """
    from featherbone.cost import count
    from featherbone.cost.convention import PAPERS

    imported = _warned(read(model, input_size, inputs=inputs))
    if convention is None:
        return count(imported.graph, PAPERS)
    return count(imported.graph, convention, calls=imported.calls)


def built_module(target: str) -> Any:
    """The module that a function builds, with its weights: ``file.py:function``, ``package.module:build``.

    Raises:
        FeatherboneError: what ``read`` refuses of such a name.
    """
    from featherbone.nn.factory import maker

    found = _factory(target)
    if found is None:
        raise FeatherboneError(f"{target} names no function that builds a module", hint="such as file.py:function")
    model, _ = maker(found["home"].strip(), found["function"], found["call"] or "()")(True)
    if isinstance(model, Graph):
        raise FeatherboneError(
            f"{target} builds a graph, which is no module", hint="name a function that builds a module"
        )
    return model


def takes_inputs(target: str) -> bool:
    """Whether ``inputs`` can be given for what a text names: a function that builds a model, or an ONNX file."""
    return target.lower().endswith(".onnx") or _factory(target) is not None


def _factory(text: str) -> re.Match[str] | None:
    from featherbone.networks.registry import NETWORKS

    found = FACTORY.fullmatch(text.strip())
    return found if found and found["home"].strip() not in NETWORKS else None


def _built(found: re.Match[str], input_size: Any, inputs: Inputs | None) -> Imported:
    """What a function builds, without weights where that is enough."""
    from featherbone.nn.capture import ValuesNeeded
    from featherbone.nn.factory import maker

    make = maker(found["home"].strip(), found["function"], found["call"] or "()")
    model, notes = make(False)
    if isinstance(model, Graph):
        return Imported(graph=model, warnings=notes)
    name = found.string
    try:
        imported = _module(model, input_size, inputs, name)
    except ValuesNeeded:
        model, notes = make(True)
        imported = _module(model, input_size, inputs, name)
    return replace(imported, warnings=notes + imported.warnings)


def _module(model: Any, input_size: Any, inputs: Inputs | None, name: str | None) -> Imported:
    from featherbone.nn.capture import trace

    given, named = _called_with(input_size, inputs)
    assumed = not given and not named and inputs is None
    try:
        captured = trace(model, *([USUAL] if assumed else given), name=name, **named)
    except FeatherboneError as error:
        if not assumed:
            raise
        raise type(error)(
            f"{error.sentence}; no input was given, so 3×224×224 was assumed",
            hint=error.hint if "--input" in error.hint else f"--input 1x28x28, input_size=(1, 28, 28); {error.hint}",
        ) from error
    return Imported(graph=captured.graph, warnings=captured.warnings, calls=captured.calls)


def _called_with(input_size: Any, inputs: Inputs | None) -> tuple[list[Any], dict[str, Any]]:
    """(inputs in order, inputs by name) from the two ways of giving them; nothing where neither is given."""
    if input_size is not None and inputs is not None:
        raise FeatherboneError("input_size and inputs are both given", hint="give inputs alone where there are several")
    if input_size is not None:
        return _sizes(input_size), {}
    if not inputs:
        return [], {}
    if isinstance(inputs, str):
        inputs = [inputs]
    from featherbone.nn.input_text import by_name, parsed

    return ([], by_name(inputs)) if isinstance(inputs, Mapping) else parsed(inputs)


def _sizes(input_size: Any) -> list[Any]:
    """One size, or a list of them."""
    if isinstance(input_size, (tuple, list)) and input_size and isinstance(input_size[0], (tuple, list)):
        return [tuple(size) for size in input_size]
    return [tuple(input_size) if isinstance(input_size, (tuple, list)) else input_size]


def _only_for_modules(text: str, input_size: Any, inputs: Inputs | None) -> None:
    if input_size is not None or inputs:
        raise FeatherboneError(
            f"{text} says itself what it takes, so no input size can be given",
            hint="a network of the zoo has the setting resolution=; a file was written for one size",
        )


def _require_kind(path: Path, *, known: bool) -> None:
    """Name a file as what its first bytes say; one whose name says nothing (``known`` is false) is refused anyway."""
    from featherbone.nn.foreign.kind import HEAD, another_kind

    with opened(path) as file:
        start = file.read(HEAD)
    other = another_kind(start)
    if other is not None:
        what, step = other
        raise FeatherboneError(f"{path} is {what}", hint=step)
    if path.suffix.lower() == ".onnx" and start[:4] == b"PK\x03\x04":
        raise FeatherboneError(f"{path} is a zip archive", hint="unpack it first")
    if not known:
        raise FeatherboneError(
            f"{path} is a file of a kind that no network is read from",
            hint="give an .onnx file, a .pt2 of torch.export, ours (.safetensors, .fbone, .json), or file.py:function",
        )


def _file(path: Path, suffix: str, given: list[Any], named: dict[str, Any]) -> Imported:
    if suffix in PICKLES:
        raise FeatherboneError(
            f"{path} may hold a pickle, which would run code when it is read, so it is not opened",
            hint="name the function that builds the model (file.py:build), or save it with torch.export.save as .pt2",
        )
    if not path.exists():
        from featherbone.errors import did_you_mean

        near = [other.name for other in path.parent.glob(f"*{suffix}")] if path.parent.is_dir() else []
        raise FeatherboneError(
            f"there is no file {path}", hint=did_you_mean(path.name, near) if near else "check the path"
        )
    require_regular(path)
    if suffix != ".json":
        _require_kind(path, known=True)
    with damage(path):
        if suffix in MODELS:
            from featherbone.quantize import QuantizedModel, described, load_model

            model = load_model(path)
            if isinstance(model, QuantizedModel):
                return Imported(graph=model.graph, warnings=described(model.network), dtype="int8")
            return Imported(graph=model.graph)
        if suffix == ".json":
            from featherbone.graph import from_json

            return Imported(graph=from_json(read_text(path)))
        if suffix == ".onnx":
            from featherbone.cost.table import Constant
            from featherbone.nn.onnx_reader import read_onnx

            graph, notes, constants = read_onnx(path, given, named)
            return Imported(
                graph=graph,
                warnings=notes,
                constants=tuple(Constant(name=name, shape=shape, role=role) for name, shape, role in constants),
            )
        from featherbone.nn.export_reader import read_export

        graph, notes = read_export(path)
        return Imported(graph=graph, warnings=notes)
