"""An exported network: a folder with a target's files and ``export.json``, which says what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from featherbone.atomic import write_atomically
from featherbone.download import file_hash
from featherbone.errors import FeatherboneError
from featherbone.files import read_json
from featherbone.json_values import read_value, write_value
from featherbone.nn import Preprocessing
from featherbone.run_record import Verification
from featherbone.ship.target import ExportForm, Runner, Target
from featherbone.ship.targets import find_target

RECORD = "export.json"
FORMAT, VERSION = "featherbone-export", "1"


@dataclass(frozen=True, kw_only=True)
class ExportRecord:
    """What ``export.json`` says.

    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> record = ExportRecord(target="onnx", precision="int8", input="image", network="tiny", preprocessing=seen)
    >>> record.form.takes_images, record.title
    (True, 'onnx int8')

    Fields:
        files: the target's files, the one to open first, each with its SHA-256 in hex.
        verification: how the file compares with the network, None where it can't be run here; ``verified_on`` says on
            what images.
        script: the name of the script that needs no featherbone, or "".
        versions: of the packages that wrote and ran it.
    """

    target: str
    precision: str
    input: str
    network: str
    preprocessing: Preprocessing
    classes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    verification: Verification | None = None
    verified_on: str = ""
    script: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def form(self) -> ExportForm:
        """What the files take and give."""
        return ExportForm(precision=self.precision, input=self.input)

    @property
    def title(self) -> str:
        """Target and precision."""
        return f"{self.target} {self.precision}"


@dataclass(frozen=True, kw_only=True)
class ExportedNetwork:
    """A folder that ``featherbone export`` wrote.

        read_exported(Path("shipped/onnx-int8")).open(threads=1)

    Its files are as they were written, and ``record`` says what they are.
    """

    folder: Path
    record: ExportRecord

    @property
    def target(self) -> Target:
        """Its target."""
        return find_target(self.record.target)

    @property
    def file(self) -> Path:
        """The file to open first."""
        return self.folder / next(iter(self.record.files))

    @property
    def size(self) -> int:
        """Bytes of the target's files."""
        return sum((self.folder / name).stat().st_size for name in self.record.files)

    def open(self, threads: int = 1, variant: str = "") -> Runner:
        """What runs it on so many threads, in the target's way or in one of its ``variants``.

        Raises:
            FeatherboneError: its runtime is not installed, or can't run here; the file can't be opened.
        """
        target = self.target
        target.require_installed()
        if target.open is None:
            raise FeatherboneError(f"{target.words} can't be run here")
        opener = target.variants[variant] if variant else target.open
        return opener(self.file, self.record.form, threads)


def write_record(folder: Path, record: ExportRecord) -> None:
    """Write ``export.json`` beside the files of an export."""
    document = {"format": FORMAT, "version": VERSION, **write_value(record)}
    with write_atomically(folder / RECORD) as file:
        file.write(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False).encode())


def is_exported(path: Path) -> bool:
    """Whether a path is an export's folder, or a file in one that is not ONNX with metadata of its own."""
    return (path / RECORD).is_file() or (path.is_file() and (path.parent / RECORD).is_file())


def read_exported(path: Path) -> ExportedNetwork:
    """The export in a folder, or beside a file, after every check; no code from it runs.

    >>> read_exported(Path("no/such/export"))
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: ...

    Raises:
        FeatherboneError: no export; another version; a file that is missing or not as it was written.
    """
    folder = path if path.is_dir() else path.parent
    document = read_json(folder / RECORD)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FeatherboneError(
            f"{folder / RECORD} is not what featherbone export writes", hint="export the model again"
        )
    if document.get("version") != VERSION:
        raise FeatherboneError(
            f"{folder / RECORD} is of version {str(document.get('version'))[:20]!r}; this featherbone reads {VERSION}",
            hint="use the version of featherbone that exported it",
        )
    record: ExportRecord = read_value("", document, ExportRecord)
    for name, stated in record.files.items():
        if Path(name).name != name:
            raise FeatherboneError(f"{folder / RECORD} names the file {name[:60]!r}, which is not in its folder")
        file = folder / name
        if not file.is_file():
            raise FeatherboneError(f"{file} is missing", hint="copy the whole folder, or export the model again")
        if file_hash(file) != stated:
            raise FeatherboneError(
                f"{file} is damaged: it does not match its checksum", hint="copy the file again, or export it again"
            )
    if not record.files:
        raise FeatherboneError(f"{folder / RECORD} names no file", hint="export the model again")
    return ExportedNetwork(folder=folder, record=record)
