"""Our own C++ and C: compiled once by the machine's compiler, for its very processor, and kept in the cache."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from featherbone.cache import cache_folder
from featherbone.errors import FeatherboneError

SHARED = ("-O3", "-march=native", "-shared", "-fPIC")
FLAGS = {"C++": ("-std=c++17", *SHARED, "-Wno-psabi"), "C": ("-std=c99", *SHARED)}
NAMES = {
    "C++": ("CXX", "c++", "g++", "clang++"),
    "C": ("CC", "cc", "gcc", "clang"),
}  # a variable that names it, usual ones
MOST_SECONDS = 600  # a large network's weights are millions of numbers in C
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
UNFINISHED = ".unfinished-"  # how the folders begin in which compilers write


@cache
def compiled(source: Path, *flags: str) -> ctypes.CDLL:
    """The library of a C++ file and the headers beside it, compiled with `FLAGS` and `flags`.

    What is loaded runs as this process, so it comes from a folder and a file that belong to this user and that nobody
    else may write; a file that others could have written is compiled anew.

    Raises `FeatherboneError` where there is no C++ compiler, or it fails; where the folder is another user's.
    """
    texts = {file.name: file.read_text() for file in (source, *sorted(source.parent.glob("*.h")))}
    return _library("C++", texts, flags)


def compiled_c(texts: Mapping[str, str], *flags: str) -> ctypes.CDLL:
    """The library of C99: files by name with their texts, the one to compile first; as `compiled`.

    >>> compiled_c({"answer.c": "int answer(void) { return 42; }"}).answer()
    42
    """
    return _library("C", texts, flags)


def _library(language: str, texts: Mapping[str, str], flags: tuple[str, ...]) -> ctypes.CDLL:
    compiler = _compiler(language)
    folder = _own_folder(cache_folder(None) / "kernels")
    flags = (*FLAGS[language], *flags)
    library = folder / f"{Path(next(iter(texts))).stem}-{_key(compiler, texts, flags)}.so"
    if not _is_own(library):
        _compile([compiler, *flags], texts, library)
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise FeatherboneError(f"what was compiled cannot be loaded: {error}", hint=f"remove {library}") from error


def _own_folder(folder: Path) -> Path:
    """The folder, made for this user alone; one that is this user's, but open to others, is closed to them."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise FeatherboneError(
                f"what is compiled is not kept in {folder}, which is a link or another user's",
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


def _compiler(language: str) -> str:
    variable, *usual = NAMES[language]
    for name in (os.environ.get(variable, ""), *usual):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise FeatherboneError(
        f"there is no {language} compiler", hint=f"install {usual[1]} or {usual[2]}, or name one in {variable}"
    )


def _key(compiler: str, texts: Mapping[str, str], flags: tuple[str, ...]) -> str:
    """Changes with the sources, the flags, the compiler and the processor, whose own instructions are used."""
    version = _run([compiler, "--version"]).stdout
    processor = Path("/proc/cpuinfo")
    lines = processor.read_text().splitlines() if processor.exists() else []
    features = [line for line in lines if line.startswith(("flags", "Features", "model"))]
    said = "\n".join([*texts.values(), *flags, compiler, version, *sorted(set(features))])
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def _compile(command: list[str], texts: Mapping[str, str], library: Path) -> None:
    """Compile the first of the texts where the library will be, then give it its name."""
    try:
        with tempfile.TemporaryDirectory(dir=library.parent, prefix=UNFINISHED) as folder:
            for name, text in texts.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            unfinished = Path(folder) / library.name
            ran = _run([*command, str(Path(folder) / next(iter(texts))), "-o", str(unfinished), "-lm"])
            if ran.returncode:
                lines = ran.stderr.splitlines() or ["?"]
                said = next((line for line in lines if "error" in line), lines[0])
                raise FeatherboneError(f"{command[0]} cannot compile {next(iter(texts))}: {said}")
            unfinished.chmod(0o700)
            os.replace(unfinished, library)  # another process may have made the same meanwhile
    except OSError as error:
        raise _not_kept(library.parent, error) from error


def _not_kept(folder: Path, error: OSError) -> FeatherboneError:
    return FeatherboneError(f"what is compiled cannot be kept in {folder}: {error.strerror or error}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FeatherboneError(f"{command[0]} cannot be run: {error}") from error
