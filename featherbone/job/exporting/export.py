"""A network written for other runtimes: each file is verified and its script run before it is handed over."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.atomic import UNFINISHED
from featherbone.errors import FeatherboneError
from featherbone.job.exporting.integers import integers_of
from featherbone.job.exporting.plan import ExportPlan, PlannedExport, plan_exports
from featherbone.job.exporting.request import ExportRequest
from featherbone.job.option import keywords_of
from featherbone.progress import Progress, Step, silent
from featherbone.quantize import QuantizedModel
from featherbone.ship.export import with_script, write_export
from featherbone.ship.exported import ExportRecord
from featherbone.ship.target import INT8, Shipped


@dataclass(frozen=True, kw_only=True)
class ExportOutcome:
    """What became of one export: its record and size, or the reason why there is no folder."""

    target: str
    precision: str
    folder: Path
    record: ExportRecord | None = None
    size: int = 0
    reason: str = ""


@keywords_of(ExportRequest)
def export_model(model: str, *, progress: Progress = silent, **asked: Any) -> tuple[ExportOutcome, ...]:
    """Write a trained network for other runtimes.

        export_model("model.safetensors", to=("onnx", "openvino"), out=Path("shipped"))

    What can be asked, by keyword, is what ``featherbone.job.ExportRequest`` holds. Each target and precision gets a
    folder, whole or not at all, with ``export.json`` and, where plain Python can run it, ``predict.py``.

    Raises:
        FeatherboneError: what ``plan_exports`` refuses; integers that lose too much. What fails of a single export is
            told in its outcome.
    """
    return run_export(ExportRequest(model=model, **asked), progress)


def run_export(request: ExportRequest, progress: Progress = silent) -> tuple[ExportOutcome, ...]:
    """Do what a request asks; what became of each export.

        run_export(ExportRequest(model="model.safetensors", to=("onnx",), out=Path("shipped")))

    ``export_model`` says what is done, and what it raises.
    """
    plan = plan_exports(request, progress)
    integers = _integers(plan, progress)
    outcomes = []
    for each in plan.exports:
        network = plan.model if integers is None or each.form.precision != INT8 else integers
        outcomes.append(_outcome(plan, each, network, progress))
    return tuple(outcomes)


def _integers(plan: ExportPlan, progress: Progress) -> QuantizedModel | None:
    """The network in integers, where any export needs that."""
    if isinstance(plan.model, QuantizedModel) or all(each.form.precision != INT8 for each in plan.exports):
        return None
    asked = plan.request
    assert asked.source is not None, "the plan has seen to it"
    return integers_of(
        asked.model,
        asked.source,
        images=asked.images,
        max_drop=asked.max_drop,
        seed=asked.seed,
        skip_bad=asked.skip_bad,
        progress=progress,
    )


def _outcome(plan: ExportPlan, export: PlannedExport, network: Shipped, progress: Progress) -> ExportOutcome:
    form, target = export.form, export.target
    progress(Step(name="ship", detail=f"{target.name}, {form.precision}"))
    record: ExportRecord | None = None
    size, reason = 0, ""
    try:
        with replacing_folder(export.folder) as folder:
            exported = write_export(target, form, network, folder, plan.images, plan.verified_on)
            if target.script is not None:
                exported = with_script(exported)
            record, size = exported.record, exported.size
    except FeatherboneError as error:
        record, reason = None, error.sentence
    return ExportOutcome(
        target=target.name, precision=form.precision, folder=export.folder, record=record, size=size, reason=reason
    )


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of ``folder`` when the block ends without an error.

    Raises:
        FeatherboneError: nothing can be written there, as on a full disk; what stood there is unchanged.
    """
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=UNFINISHED, dir=folder.parent))
        temporary.chmod(0o777 & ~_umask())
        yield temporary
        old = temporary.with_name(f"{temporary.name}-old")
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        hint = "choose another --out"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "free some space, or write to another disk; what stood there before is unchanged"
        raise FeatherboneError(f"cannot write {folder}: {error.strerror or error}", hint=hint) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
