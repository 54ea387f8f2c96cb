"""What a file of ``torch.save`` may take: no more memory than its size explains.

A pickle that runs no code can still ask for any amount of memory: parts of the archive may be compressed a thousandfold
or stand for the same bytes, a number of the file may be the size of a tensor, and a tensor may repeat one number.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import torch

from featherbone.errors import FeatherboneError
from featherbone.files import MIB, damage

SPARE = 16 * MIB  # bytes that any file may take beyond what its size explains
TIMES = 4  # tensors may share their numbers, as tied weights and averages do; so often on the average
LARGEST_PICKLE = 4 * MIB  # the description of all tensors; each takes some 150 bytes
REFUSED = "weights are not stored so; write them again with torch.save, or better as safetensors"
DEPTH = 8


def require_modest(path: str | os.PathLike[str], file: BinaryIO) -> None:
    """Raise unless a file of ``torch.save`` unpacks to what a file of its size may hold; for a zip before it is read.

    Raises:
        FeatherboneError: a damaged zip; one that unpacks to far more than its size, or has a very long pickle.
    """
    size = os.fstat(file.fileno()).st_size
    with damage(path):
        if not zipfile.is_zipfile(file):
            return
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > 2 * size + SPARE:
        raise FeatherboneError(f"{path} unpacks from {size:,} to {unpacked:,} bytes", hint=REFUSED)
    longest = max((member.file_size for member in members if member.filename.endswith(".pkl")), default=0)
    if longest > LARGEST_PICKLE:
        raise FeatherboneError(
            f"{path} describes its tensors in {longest:,} bytes; at most {LARGEST_PICKLE:,} are read", hint=REFUSED
        )


def require_explained(path: str | os.PathLike[str], content: Any) -> None:
    """Raise unless the tensors that were read are plain, and together no larger than the file explains.

    Raises:
        FeatherboneError: a tensor that is sparse, quantized or without values; more numbers than the file can hold.
    """
    size, total = os.stat(path).st_size, 0
    for name, tensor in _tensors("", content, DEPTH):
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
            raise FeatherboneError(f"{path}: {name} is sparse, quantized or without values", hint=REFUSED)
        total += tensor.numel() * tensor.element_size()
    if total > TIMES * size + SPARE:
        raise FeatherboneError(f"{path} has {size:,} bytes, and tensors of {total:,} bytes", hint=REFUSED)


def _tensors(name: str, content: Any, depth: int) -> list[tuple[str, torch.Tensor]]:
    if isinstance(content, torch.Tensor):
        return [(name, content)]
    inner = content.items() if isinstance(content, Mapping) else enumerate(content) if _is_list(content) else ()
    return [found for key, value in inner if depth for found in _tensors(f"{name}.{key}".strip("."), value, depth - 1)]


def _is_list(content: Any) -> bool:
    return isinstance(content, list | tuple)
