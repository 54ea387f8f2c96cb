"""Our own C++: compiled once by the machine's compiler, for its very processor, and kept in the cache."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

from featherbone.cache import cache_folder
from featherbone.errors import FeatherboneError

FLAGS = ("-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", "-Wno-psabi")
MOST_SECONDS = 120
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
UNFINISHED = ".unfinished-"  # how the folders begin in which compilers write


@cache
def compiled(source: Path, *flags: str) -> ctypes.CDLL:
    """The library of a C++ file, compiled with `FLAGS` and `flags`.

    What is loaded runs as this process, so it comes from a folder and a file that belong to this user and that nobody
    else may write; a file that others could have written is compiled anew.

    Raises `FeatherboneError` where there is no C++ compiler, or it fails; where the folder is another user's.
    """
    compiler = _compiler()
    folder = _own_folder(cache_folder(None) / "kernels")
    library = folder / f"{source.stem}-{_key(compiler, source, flags)}.so"
    if not _is_own(library):
        _compile([compiler, *FLAGS, *flags, str(source)], library)
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise FeatherboneError(f"the compiled kernels cannot be loaded: {error}", hint=f"remove {library}") from error


def _own_folder(folder: Path) -> Path:
    """The folder, made for this user alone; one that is this user's, but open to others, is closed to them."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise FeatherboneError(
                f"the kernels are not kept in {folder}, which is a link or another user's",
                hint="name a folder of your own in FEATHERBONE_CACHE",
            )
        if found.st_mode & OTHERS_WRITE:
            folder.chmod(0o700)
        for left in folder.glob(f"{UNFINISHED}*"):  # by a process that was killed while its compiler worked
            if time.time() - left.stat().st_mtime > 2 * MOST_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise _not_kept(folder, error) from error
    return folder


def _is_own(library: Path) -> bool:
    """Whether it is there, and nobody else can have written it."""
    try:
        found = library.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & OTHERS_WRITE


def _compiler() -> str:
    named = os.environ.get("CXX", "")
    for name in (named, "c++", "g++", "clang++"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise FeatherboneError("there is no C++ compiler", hint="install g++ or clang++, or name one in CXX")


def _key(compiler: str, source: Path, flags: tuple[str, ...]) -> str:
    """Changes with the source, the flags, the compiler and the processor, whose own instructions are used."""
    version = _run([compiler, "--version"]).stdout
    processor = Path("/proc/cpuinfo")
    lines = processor.read_text().splitlines() if processor.exists() else []
    features = [line for line in lines if line.startswith(("flags", "Features", "model"))]
    sources = [file.read_text() for file in (source, *sorted(source.parent.glob("*.h")))]
    said = "\n".join([*sources, *FLAGS, *flags, compiler, version, *sorted(set(features))])
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def _compile(command: list[str], library: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=library.parent, prefix=UNFINISHED) as folder:
            unfinished = Path(folder) / library.name
            ran = _run([*command, "-o", str(unfinished)])
            if ran.returncode:
                said = (ran.stderr.splitlines() or ["?"])[0]
                raise FeatherboneError(f"{command[0]} cannot compile the kernels: {said}")
            unfinished.chmod(0o700)
            os.replace(unfinished, library)  # another process may have made the same meanwhile
    except OSError as error:
        raise _not_kept(library.parent, error) from error


def _not_kept(folder: Path, error: OSError) -> FeatherboneError:
    return FeatherboneError(f"the kernels cannot be kept in {folder}: {error.strerror or error}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FeatherboneError(f"{command[0]} cannot be run: {error}") from error
