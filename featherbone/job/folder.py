"""The folder of a run: where it is, whether it is the same run as before, and its ``run.json``."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError
from featherbone.files import damage
from featherbone.run_file import FORMAT, LEDGER, LOCK, VERSION, read_facts, record_of
from featherbone.run_file import NAME as FILE
from featherbone.run_record import RunRecord

BEGUN = (FILE, LEDGER)  # a folder with one of them holds a run
NUMBERS = re.compile(r"\[\s+([-+.\deE,\s]+?)\s+\]")  # a list of numbers that json has spread over lines


def run_folder(*parts: str, name: str | None = None, out: Path | None = None) -> Path:
    """``out``, or ``runs/name``, or a folder named after the parts: the data, then what is done with them.

    >>> run_folder("my photos", "mobilenet_v2:width=0.5").as_posix()
    'runs/my-photos-mobilenet_v2-width-0.5'

    Raises:
        FeatherboneError: both are given; the name is no plain name; the folder holds something that is no run.
    """
    if out is not None and name is not None:
        raise FeatherboneError(f"both a name, {name!r}, and a folder, {out}, are given", hint="give one of them")
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise FeatherboneError(f"the name {name!r} is no plain folder name", hint="letters, digits, . _ and -")
    plain = [re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.") for part in parts]
    folder = out or Path("runs") / (name or "-".join(filter(None, plain)) or "run")
    if folder.exists() and not folder.is_dir():
        raise FeatherboneError(f"{folder} is a file; a run needs a folder", hint="choose another --name")
    begun = any((folder / file).exists() for file in BEGUN)
    if folder.is_dir() and not begun and set(_visible(folder)) - {LOCK}:
        raise FeatherboneError(
            f"{folder} is not empty and holds no run", hint="choose a new folder, so that nothing is written over"
        )
    return folder


def require_job(folder: Path, record: RunRecord | None, job: str) -> None:
    """Raise unless the run in a folder, if there is one, is of this job: ``fit`` or ``train``."""
    if record is not None and record.job != job:
        raise FeatherboneError(
            f"{folder} holds a run of featherbone {record.job}, not of {job}",
            hint=f"give this one another --name, or remove {folder}",
        )


def require_same(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise unless a run is continued with what it was begun with; every difference is listed."""
    there, here = dict(_flat(before)), dict(_flat(now))
    differences = [
        f"{key} was {there.get(key, 'absent')} and is {here.get(key, 'absent')}"
        for key in dict.fromkeys([*there, *here])
        if there.get(key) != here.get(key)
    ]
    if differences:
        raise FeatherboneError(
            f"{folder} holds another run: {'; '.join(differences)}",
            hint=f"give this one another --name, or remove {folder}",
        )


def begun(folder: Path, facts: Mapping[str, Any], identity: Callable[[RunRecord], Mapping[str, Any]]) -> dict[str, Any]:
    """The run.json of the same run, begun before, or of a new one, of which it then says these facts.

    Raises:
        FeatherboneError: the folder holds a run of another job, or one whose identity differs.
    """
    there = read_facts(folder)
    if there is None:
        new = {**facts, **environment(), "result": None}
        write_facts(folder, new)
        return new
    record = record_of(there, folder)
    require_job(folder, record, facts["job"])
    with damage(folder / FILE):
        require_same(folder, identity(record), identity(record_of({**facts, "result": None}, folder)))
    return there


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write ``run.json``, atomically; a list of numbers is one line, as the matrix of 1,000 classes is large enough."""
    text = json.dumps({"format": FORMAT, "version": VERSION, **facts}, indent=1, allow_nan=False)
    text = NUMBERS.sub(lambda found: f"[{', '.join(found[1].replace(',', ' ').split())}]", text)
    with write_atomically(folder / FILE) as file:
        file.write(text.encode())


def environment() -> dict[str, Any]:
    """The versions and the machine that a run is begun with."""
    packages = ("featherbone", "torch", "onnx", "onnxruntime", "numpy")
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "machine": {
            "system": platform.platform(terse=True),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
    }


def _visible(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            value = {str(place): each for place, each in enumerate(value, start=1)}
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
