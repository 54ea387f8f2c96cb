"""The setting that can be computed here: without compiled kernels where they fail."""

from __future__ import annotations

from dataclasses import replace

from featherbone.errors import FeatherboneError
from featherbone.kernels.build import kernels
from featherbone.kernels.fused import SOURCES
from featherbone.train.machine.setting import Setting


def usable(setting: Setting) -> tuple[Setting, str]:
    """The setting as it can be computed here: without the fused kernels, and with a note, where they fail.

    >>> usable(Setting())[1]
    ''
    """
    if not setting.fused:
        return setting, ""
    try:
        for source in SOURCES:
            kernels(source)
    except FeatherboneError as error:
        return replace(setting, fused=False), f"{error.sentence}; PyTorch's own kernels are used, which are slower"
    return setting, ""
