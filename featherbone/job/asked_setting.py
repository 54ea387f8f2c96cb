"""How steps are computed, where a person says so: the setting of `--setting`, complete and possible here."""

from __future__ import annotations

from dataclasses import replace

import torch

from featherbone.errors import FeatherboneError
from featherbone.train import Setting


def asked_setting(text: str, device: str) -> Setting:
    """The setting that is asked for; on a CPU, where no number of threads is given, with as many as torch has now.

    >>> print(asked_setting("NCHW, 2 threads", "cpu"))
    NCHW, float32, 2 threads

    Raises:
        FeatherboneError: a word of it is unknown, or is not for this device.
    """
    setting = Setting.parse(text)
    if device == "cpu" and setting.precision == "float16":
        raise FeatherboneError("--setting has float16, which is for GPUs", hint="take bfloat16 or float32 on a CPU")
    if device != "cpu" and setting.fused:
        raise FeatherboneError(
            f"--setting has fused, which is for CPUs, and the device is {device}", hint="leave it out"
        )
    if device == "cpu" and not setting.threads:
        return replace(setting, threads=torch.get_num_threads())
    return setting
