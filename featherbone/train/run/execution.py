"""How a training is carried out: on which device, by which setting, how far for now, and who is told."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.train.machine.setting import Setting
from featherbone.train.run.training import Report

SAVE_EVERY = 60.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Where and how the steps are computed, how far they go for now, and who is told of them.

    >>> Execution(setting=Setting(threads=1), until_epoch=2).device
    'cpu'

    - `device`: as torch names it.
    - `setting`: memory format, precision and threads; without one, as the checkpoint says, or channels_last in float32
      for a new run.
    - `until_epoch`: pause after this epoch; the schedule spans the recipe's epochs all the same.
    - `save_every`: within a long epoch a checkpoint is written after so many seconds.
    - `progress`: is told of every step and every epoch.
    """

    device: str = "cpu"
    setting: Setting | None = None
    until_epoch: int | None = None
    save_every: float = SAVE_EVERY
    progress: Report | None = None


HERE = Execution()
