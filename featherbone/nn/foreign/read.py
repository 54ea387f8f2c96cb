"""The tensors in another project's file, without running code from it, and stripped of what wraps them."""

from __future__ import annotations

import os
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from featherbone.errors import FeatherboneError
from featherbone.files import opened
from featherbone.nn.container import read_foreign_tensors
from featherbone.nn.foreign.bounds import require_explained, require_modest
from featherbone.nn.foreign.kind import HEAD, SAFETENSORS, kind_of

FILES = (".pt", ".pth", ".bin", ".tar", ".ckpt", ".safetensors")  # endings that make a name one of a file
AVERAGES = ("model_ema", "state_dict_ema", "ema_state_dict", "ema")  # preferred: what their authors evaluate
WRAPPERS = (*AVERAGES, "state_dict", "model", "model_state_dict", "net", "module", "weights")
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")


def read_state(path: str | os.PathLike[str]) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The tensors by name, and remarks on how they were read.

    The kind of file is told by its first bytes. Safetensors hold no code, and are in the order of their names, numbers
    being numbers. What ``torch.save`` writes are pickles: they are read only by torch's restricted unpickler
    (``weights_only=True``), which builds tensors and containers and refuses everything else, and a remark says so; one
    that is called ``.safetensors`` is refused. Wrappers (``state_dict``, ``model``, averaged weights) and prefixes
    (``module.``) are taken off, with a remark.

    Raises:
        FeatherboneError: no such file, another format, truncated, damaged, a pickle that is more than tensors.
    """
    # A file that is called safetensors is never unpickled: whoever names it so relies on that.
    if Path(path).suffix.lower() == ".safetensors" or _kind(path) == SAFETENSORS:
        tensors = read_foreign_tensors(path)
        return _without_prefixes({name: tensors[name] for name in sorted(tensors, key=_natural)}, [])
    remarks = [
        f"{Path(path).name} is a pickle: it was read by torch's restricted unpickler, which runs no code of the file; "
        "safetensors is the safer format"
    ]
    return _without_prefixes(_unwrapped(path, _restricted(path), remarks), remarks)


def _kind(path: str | os.PathLike[str]) -> str:
    with opened(path) as file:
        return kind_of(Path(path), file.read(HEAD))


def _natural(name: str) -> list[tuple[int, str]]:
    """The key by which names stand as people number them.

    >>> sorted(["conv10.weight", "conv2.weight"], key=_natural)
    ['conv2.weight', 'conv10.weight']
    """
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d*)", name)]


def _restricted(path: str | os.PathLike[str]) -> Any:
    with opened(path) as file:
        require_modest(path, file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's advice on its own formats; what matters is raised
            content = torch.load(path, map_location="cpu", weights_only=True)
        require_explained(path, content)
        return content
    except FeatherboneError:
        raise
    except pickle.UnpicklingError as error:
        if "weights_only" not in str(error).lower():
            raise _damaged(path) from error
        raise FeatherboneError(
            f"{path} is refused: it holds more than tensors, and building that would run code of the file",
            hint="where you trust it, load it with torch and write its tensors with safetensors.torch.save_file",
        ) from error
    except Exception as error:  # torch's reader raises a dozen kinds on damaged bytes
        raise _damaged(path) from error


def _damaged(path: str | os.PathLike[str]) -> FeatherboneError:
    return FeatherboneError(
        f"{path} cannot be read as a state dict: it is truncated, damaged or of another kind",
        hint="copy or download the file again",
    )


def _unwrapped(path: str | os.PathLike[str], content: Any, remarks: list[str]) -> dict[str, torch.Tensor]:
    """The dictionary of tensors inside; averaged weights first."""
    for _ in range(3):
        if not isinstance(content, Mapping):
            raise FeatherboneError(f"{path} holds a {type(content).__name__}, not a state dict")
        if content and all(isinstance(value, torch.Tensor) for value in content.values()):
            return {str(name): tensor for name, tensor in content.items()}
        inner = next((key for key in WRAPPERS if isinstance(content.get(key), Mapping) and content[key]), None)
        if inner is None:
            break
        others = [key for key in WRAPPERS if key != inner and isinstance(content.get(key), Mapping)]
        beside = f"; {', '.join(others)} beside it was left" if others else ""
        remarks.append(f"the weights were taken from {inner!r}{beside}")
        content = content[inner]
    if isinstance(content, Mapping):
        tensors = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
        if tensors and not any(isinstance(value, Mapping) for value in content.values()):
            left = [str(name) for name in content if str(name) not in tensors]
            remarks.append(f"left out, being no tensors: {', '.join(left[:8])}{' …' if len(left) > 8 else ''}")
            return tensors
        found = ", ".join(map(str, list(content)[:8])) or "nothing"
    raise FeatherboneError(
        f"{path} holds no state dict; it has {found}", hint=f"tensors are looked for under {', '.join(WRAPPERS)}"
    )


def _without_prefixes(
    tensors: dict[str, torch.Tensor], remarks: list[str]
) -> tuple[dict[str, torch.Tensor], list[str]]:
    counters = [name for name, tensor in tensors.items() if "." not in name and _counts(tensor)]
    if counters and len(counters) < len(tensors):  # torch's AveragedModel says how many it averaged
        remarks.append(f"left out, being counters and no weights: {', '.join(counters[:8])}")
        tensors = {name: tensor for name, tensor in tensors.items() if name not in counters}
    for _ in range(len(PREFIXES)):
        prefix = next((p for p in PREFIXES if tensors and all(name.startswith(p) for name in tensors)), None)
        if prefix is None:
            break
        remarks.append(f"the prefix {prefix!r} was taken off every name")
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors, remarks


def _counts(tensor: torch.Tensor) -> bool:
    return tensor.dim() == 0 and not tensor.is_floating_point() and not tensor.is_complex()
