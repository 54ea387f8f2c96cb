"""Where a person wants a job computed, and how: a device that is there, and a setting that is possible on it."""

from __future__ import annotations

from dataclasses import replace

import torch

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.train import Setting

DEVICES = ("auto", "cpu", "cuda")


def device_of(asked: str) -> str:
    """The device that is asked for: ``cpu`` or ``cuda``; ``auto`` is a GPU where there is one.

    >>> device_of("cpu")
    'cpu'

    Raises:
        FeatherboneError: an unknown device, or one that is not there.
    """
    require_word("device", asked, DEVICES)
    if asked == "cuda" and not torch.cuda.is_available():
        raise FeatherboneError(
            "--device is cuda; this PyTorch finds no CUDA device", hint="leave it out to train on the CPU"
        )
    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "cpu"


def setting_on(device: str, asked: str | None) -> Setting | None:
    """The setting that is asked for; on a CPU, where no number of threads is given, with as many as torch has now.

    >>> print(setting_on("cpu", "NCHW, 2 threads"))
    NCHW, float32, 2 threads

    Raises:
        FeatherboneError: a word of it is unknown, or is not for this device.
    """
    if asked is None:
        return None
    setting = Setting.parse(asked)
    if device == "cpu" and setting.precision == "float16":
        raise FeatherboneError("--setting has float16, which is for GPUs", hint="take bfloat16 or float32 on a CPU")
    if device != "cpu" and setting.fused:
        raise FeatherboneError(
            f"--setting has fused, which is for CPUs, and the device is {device}", hint="leave it out"
        )
    if device == "cpu" and not setting.threads:
        return replace(setting, threads=torch.get_num_threads())
    return setting


def require_word(option: str, word: str, known: tuple[str, ...]) -> None:
    """Raise unless an option has one of its words."""
    if word not in known:
        raise FeatherboneError(f"--{option} is {word!r}; known: {', '.join(known)}", hint=did_you_mean(word, known))
