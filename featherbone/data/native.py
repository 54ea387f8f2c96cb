"""Our own kernels: compiled once by the machine's C++ compiler, for its very processor, and kept in the cache."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import torch  # its OpenMP is loaded first, so that the kernels share its threads  # noqa: F401

from featherbone.data.cache import cache_folder
from featherbone.errors import FeatherboneError

FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-Wno-psabi")
MOST_SECONDS = 120


@cache
def kernels(source: Path, *flags: str) -> ctypes.CDLL:
    """The library of a C++ file, compiled with `FLAGS` and `flags`.

    Raises `FeatherboneError` where there is no C++ compiler, or it fails.
    """
    compiler = _compiler()
    library = cache_folder(None) / "kernels" / f"{source.stem}-{_key(compiler, source, flags)}.so"
    if not library.exists():
        _compile([compiler, *FLAGS, *flags, str(source)], library)
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise FeatherboneError(f"the compiled kernels cannot be loaded: {error}", hint=f"remove {library}") from error


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
        library.parent.mkdir(parents=True, exist_ok=True)
        unfinished = library.with_suffix(f".{os.getpid()}.tmp")
        ran = _run([*command, "-o", str(unfinished)])
        if ran.returncode:
            said = (ran.stderr.splitlines() or ["?"])[0]
            raise FeatherboneError(f"{command[0]} cannot compile the kernels: {said}")
        os.replace(unfinished, library)  # another process may have made the same meanwhile
    except OSError as error:
        raise FeatherboneError(f"the kernels cannot be kept in {library.parent}: {error}") from error


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FeatherboneError(f"{command[0]} cannot be run: {error}") from error
