"""Where compiled kernels fail, PyTorch computes the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.train.machine.setting import Setting
from featherbone.train.machine.usable import usable


def test_where_kernels_fail_the_setting_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(source: Path) -> None:
        raise FeatherboneError("there is no C++ compiler")

    monkeypatch.setattr("featherbone.train.machine.usable.kernels", failing)
    setting, note = usable(Setting(fused=True, precision="bfloat16"))
    assert setting == Setting(fused=False, precision="bfloat16")
    assert note.startswith("there is no C++ compiler; PyTorch's own kernels are used")
    assert usable(Setting()) == (Setting(), "")
