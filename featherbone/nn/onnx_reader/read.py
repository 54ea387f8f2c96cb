"""From an ONNX file to its graph, for one image, with what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.nn.one_image import candidates
from featherbone.nn.onnx_reader.expansion import TooLarge
from featherbone.nn.onnx_reader.external import missing
from featherbone.nn.onnx_reader.load import load
from featherbone.nn.onnx_reader.one_image import fixed, recurrent
from featherbone.nn.onnx_reader.open_sizes import USUAL, OpenSizes, Unfilled
from featherbone.nn.onnx_reader.recording import MALFORMED
from featherbone.nn.onnx_reader.replay import Replay


def read_onnx(
    path: Path, given: Sequence[Any] = (), named: Mapping[str, Any] | None = None
) -> tuple[Graph, tuple[str, ...], tuple[tuple[str, tuple[int, ...], str], ...]]:
    """The graph of an ONNX file for one example, what is to be said of it, and its constants that are no parameters.

    Of such a constant the name, the shape, and what it is.

    ``given`` and ``named`` fill the sizes that its inputs leave open.

    Raises:
        FeatherboneError: what ``load`` refuses; a dynamic size other than the batch that nobody fills, or inputs that
            the file does not have; an operator that does not fit what it reads.
        TooLarge: more work than a network has.
    """
    model = load(path)
    said = [
        f"its weights are in {name[:80]!r}, which is not there: tables in it count too" for name in missing(model)[:1]
    ]
    try:
        whole = Replay(path.stem, model, given, named or {})
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None
    try:
        graph, notes = whole.replayed(), whole.notes
        for batch in candidates(fixed(whole.inputs), recurrent(model.graph.node), whole.shapes):
            one = Replay(path.stem, model, given, named or {}, batch)
            found = one.one_image(whole)
            if found is not None:
                graph, notes = found, [*one.notes, batch.said]
                break
            notes += batch.mixed()
        return graph, tuple(dict.fromkeys([*said, *whole.open.notes, *notes])), whole.roles.constants(whole.sizes)
    except Unfilled as error:
        hint = _hint_that_works(path.stem, model, given, named or {}, whole.open)
        raise FeatherboneError(f"{path}: {error.sentence}", hint=hint) from None
    except FeatherboneError as error:
        kind = TooLarge if isinstance(error, TooLarge) else FeatherboneError
        raise kind(f"{path}: {error.sentence}", hint=error.hint) from None
    except MALFORMED as error:
        raise FeatherboneError(
            f"the graph in {path} is malformed: {type(error).__name__} {str(error)[:100]}",
            hint="check it with onnx.checker.check_model",
        ) from None


def _hint_that_works(name: str, model: Any, given: Sequence[Any], named: Mapping[str, Any], sizes: OpenSizes) -> str:
    """What to type for the open sizes: the first usual size that the network runs with."""
    for usual in USUAL:
        try:
            Replay(name, model, given, {**named, **sizes.suggested(usual)}).replayed()
        except (FeatherboneError, *MALFORMED):
            continue
        return sizes.hint(usual)
    return sizes.hint()
