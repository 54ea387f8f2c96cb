"""A network written for a target into a folder, and verified there before anybody gets it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.run_record import Verification
from featherbone.ship.exported import ExportedNetwork, ExportRecord, read_exported, write_record
from featherbone.ship.reference import verify_target
from featherbone.ship.script import NAME, check_script, script_text
from featherbone.ship.target import ExportForm, Shipped, Target


def write_export(
    target: Target, form: ExportForm, network: Shipped, folder: Path, images: np.ndarray, verified_on: str
) -> ExportedNetwork:
    """Write a network into an empty folder, verify it on uint8 images (N, H, W, C), and read it as anyone will.

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Model, Preprocessing, module, weights_of
    >>> from featherbone.ship import find_target
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> model = Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen)
    >>> folder, images = Path(tempfile.mkdtemp()), np.zeros((2, 8, 8, 1), dtype=np.uint8)
    >>> write_export(find_target("onnx"), ExportForm(input="image"), model, folder, images, "black").file.name
    'model.onnx'

    ``verified_on`` says what the images are.

    Raises:
        FeatherboneError: the target can't hold the network; the file does not keep its promise, or can't be run.
    """
    target.require_holds(network, form)
    files = target.write(network, folder, form)
    check: Verification | None = None
    if target.open is not None:
        check = verify_target(target, network, folder / files[0], form, images)
        if not check.passed:
            raise FeatherboneError(check.reason, hint="it was not kept; report it, with the model")
    record = ExportRecord(
        target=target.name,
        precision=form.precision,
        input=form.input,
        network=network.graph.name,
        preprocessing=network.preprocessing,
        classes=network.classes,
        files={name: file_hash(folder / name) for name in files},
        verification=check,
        verified_on=verified_on if check is not None else "",
        versions=_versions(target.packages),
    )
    write_record(folder, record)
    return read_exported(folder)


def with_script(exported: ExportedNetwork) -> ExportedNetwork:
    """The export with a script that names what is on images, which was run, and answers as ``featherbone predict``.

        with_script(read_exported(Path("shipped/onnx-int8"))).record.script

    Raises:
        FeatherboneError: its target has no script; it fails, or answers otherwise.
    """
    target, record = exported.target, replace(exported.record, script=NAME)
    if target.script is None:
        raise FeatherboneError(f"{target.words} is not run by a script")
    (exported.folder / NAME).write_text(script_text(target.script, record.form), encoding="utf-8")
    write_record(exported.folder, record)
    found = read_exported(exported.folder)
    check_script(found)
    return found


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for package in ("featherbone", *packages):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
