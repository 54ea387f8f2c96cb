"""All that is known of an export before it begins: what is written where, and that nothing stands against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.job.exporting.request import ExportRequest
from featherbone.job.images import open_as_seen
from featherbone.job.model_in import require_model_file
from featherbone.progress import Progress
from featherbone.quantize import QuantizedModel, load_model
from featherbone.ship.exported import RECORD
from featherbone.ship.script import NAME, made_up_images
from featherbone.ship.target import FLOAT32, IMAGE, INT8, TENSOR, ExportForm, Shipped, Target
from featherbone.ship.targets import find_target

VERIFIED, MADE_UP = 256, 32  # images on which a file and the network must agree


@dataclass(frozen=True, kw_only=True)
class PlannedExport:
    """One folder that is to be written."""

    target: Target
    form: ExportForm
    folder: Path


@dataclass(frozen=True, kw_only=True)
class ExportPlan:
    """An export before it begins; ``images``, uint8 (N, H, W, C), are those that files are verified on."""

    request: ExportRequest
    model: Shipped
    exports: tuple[PlannedExport, ...]
    dataset: Dataset | None
    images: np.ndarray

    @property
    def verified_on(self) -> str:
        """What the images are, in words."""
        kind = "made-up images" if self.dataset is None else f"test images of {self.dataset.name}"
        return f"{len(self.images):,} {kind}"


def plan_exports(request: ExportRequest, progress: Progress) -> ExportPlan:
    """Read the network, and see that each target can hold it and has a place.

    Raises:
        FeatherboneError: no model or data; an unknown target, one that is not installed or can't hold the network;
            int8 of a float network without data; a folder that holds other files.
    """
    targets = [find_target(name) for name in request.to]
    for target in targets:
        target.require_installed()
    require_model_file(request.model)
    model = load_model(request.model)
    exports = tuple(_planned(request, model, targets))
    if request.source is None and not isinstance(model, QuantizedModel):
        require_calibration(model, exports, request.model)
    for each in exports:
        require_own(each.folder)
    seen, dataset = model.preprocessing, None
    images = made_up_images(seen, MADE_UP)
    if request.source is not None:
        dataset = open_as_seen(request.source, seen, seed=request.seed, skip_bad=request.skip_bad, progress=progress)
        images = np.asarray(dataset.splits["test"].images[:VERIFIED])
    return ExportPlan(request=request, model=model, exports=exports, dataset=dataset, images=images)


def require_calibration(model: Shipped, exports: tuple[PlannedExport, ...], path: str) -> None:
    """Raise FeatherboneError where integers must be chosen and there are no images."""
    if any(each.form.precision == INT8 for each in exports):
        raise FeatherboneError(
            f"int8 of {path}, a network in float, is chosen by images, and none are given",
            hint=f"give images like those that it will see: featherbone export {path} DATA --precision int8",
        )


def _planned(request: ExportRequest, model: Shipped, targets: list[Target]) -> Iterator[PlannedExport]:
    usual = (INT8 if isinstance(model, QuantizedModel) else FLOAT32,)
    for target in targets:
        given = request.input or (IMAGE if IMAGE in target.inputs else TENSOR)
        for precision in request.precisions or usual:
            form = ExportForm(precision=precision, input=given)
            target.require_holds(model, form)
            yield PlannedExport(target=target, form=form, folder=request.out / f"{target.name}-{precision}")


def require_own(folder: Path) -> None:
    """Raise FeatherboneError where a folder holds anything but an export, which is replaced."""
    for above in folder.parents:
        if above.exists():
            if not above.is_dir():
                raise FeatherboneError(f"{above} is a file; an export needs a folder", hint="choose another --out")
            break
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise FeatherboneError(f"{folder} is no folder, and it is not replaced", hint="choose another --out")
    other = sorted({path.name for path in folder.iterdir()} - _own(folder))
    if other:
        raise FeatherboneError(
            f"{folder} holds {other[0]!r}, which no export wrote, so it is not replaced",
            hint="choose another --out, or move it away",
        )


def _own(folder: Path) -> set[str]:
    """The files of an export in a folder, by its own word."""
    try:
        document = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {RECORD, NAME, *map(str, document["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
