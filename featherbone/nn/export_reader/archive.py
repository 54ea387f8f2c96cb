"""The description of a program inside an export archive: a zip file with JSON; its weights and pickles stay closed."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import opened, parse_json

LONGEST = 64 * 2**20  # bytes of JSON, uncompressed
SAVE = "save it with torch.export.save(torch.export.export(model, inputs), 'model.pt2')"


def same_weights(path: Path) -> dict[str, str]:
    """For each parameter that is an earlier one's memory, seen in the same shape, that one's name.

    Archives before torch 2.9 keep their weights in a pickle, which is not opened: there nothing is known to be shared.
    """
    try:
        with opened(path) as whole, zipfile.ZipFile(whole) as archive:
            names = [name for name in archive.namelist() if name.endswith("/data/weights/model_weights_config.json")]
            if not names:
                return {}
            with archive.open(names[0]) as file:
                text = file.read(LONGEST + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise FeatherboneError(f"{path} is damaged: what it says of its weights cannot be read", hint=SAVE) from None
    if len(text) > LONGEST:
        raise FeatherboneError(f"{path} describes its weights in more than {LONGEST >> 20} MiB; that is no network")
    try:
        weights = parse_json(text.decode(), f"the list of weights in {path}")["config"].items()
        first: dict[str, str] = {}
        shared = {}
        for name, weight in weights:
            meta = weight["tensor_meta"]
            place = repr([weight["path_name"], meta["sizes"], meta["strides"], meta["storage_offset"]])
            if first.setdefault(place, name) != name:
                shared[name] = first[place]
    except (UnicodeDecodeError, KeyError, TypeError, AttributeError):
        raise FeatherboneError(f"the list of weights in {path} is malformed", hint=SAVE) from None
    return shared


def read_description(path: Path) -> dict[str, Any]:
    """What ``models/model.json`` in the archive holds.

    Raises:
        FeatherboneError: no zip file, a damaged one, none of ``torch.export``, or a description that is too large.
    """
    try:
        with opened(path) as whole, zipfile.ZipFile(whole) as archive:
            names = [
                name
                for name in archive.namelist()
                if name.endswith(("models/model.json", "serialized_exported_program.json"))
            ]
            if not names:
                names = [n for n in archive.namelist() if "/models/" in n and n.endswith(".json")][:1]
            if not names:
                raise FeatherboneError(f"{path} is a zip file, but holds no exported program", hint=SAVE)
            with archive.open(names[0]) as file:
                text = file.read(LONGEST + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise FeatherboneError(f"{path} is no archive of torch.export, or is damaged", hint=SAVE) from None
    except OSError as error:  # a place in the file that cannot be
        raise FeatherboneError(f"{path} is damaged: {error.strerror or error}", hint=SAVE) from None
    if len(text) > LONGEST:
        raise FeatherboneError(f"{path} describes a program in more than {LONGEST >> 20} MiB; that is no network")
    try:
        description = parse_json(text.decode(), f"the description in {path}")
    except UnicodeDecodeError:
        raise FeatherboneError(f"the description in {path} is not text in UTF-8", hint=SAVE) from None
    if not isinstance(description, dict) or "graph_module" not in description:
        raise FeatherboneError(f"the description in {path} holds no graph", hint=SAVE)
    return description
