"""The beginning of a run's process: hold the folder, and read where the run stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch

from featherbone.errors import FeatherboneError
from featherbone.lock import locked
from featherbone.train.machine.setting import Setting
from featherbone.train.run.checkpoint import Saved, load_checkpoint
from featherbone.train.run.identity import Identity
from featherbone.train.several.distributed import TrainingProcesses

LOCK = "training.lock"


@contextmanager
def resumed(folder: Path, identity: Identity, processes: TrainingProcesses) -> Iterator[Saved | None]:
    """Hold `folder` until the block ends, with its newest checkpoint: in the first process, and what it read in all.

    Raises `FeatherboneError` in every process where the folder is in use, its checkpoints are of another run or cannot
    be read, or the processes do not all train the same.
    """
    with ExitStack() as held:
        loaded: list[Saved] = []

        def read() -> Any:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(folder / LOCK, f"the training in {folder}"))
            saved = load_checkpoint(folder, identity)
            if saved is None:
                return None
            loaded.append(saved)
            kinds = {name: [list(tensor.shape), str(tensor.dtype)] for name, tensor in saved.tensors.items()}
            return {
                "tensors": kinds,
                "setting": saved.setting.to_dict(),
                "progress": saved.progress,
                "note": saved.note,
            }

        _require_same(identity, processes)
        read_by_first = processes.agreed(read)
        yield _shared(loaded, read_by_first, processes) if read_by_first else None


def agreed_setting(saved: Saved | None, setting: Setting | None, processes: TrainingProcesses) -> Setting:
    """The setting of the checkpoint or, for a new run, the first process's; raise where another one is asked for."""

    def choose() -> dict[str, Any]:
        if saved is None:
            return (setting or Setting()).to_dict()
        if setting not in (None, saved.setting):
            raise FeatherboneError(
                f"the run was begun with another setting ({saved.setting} there, {setting} now)",
                hint="go on with the setting of the checkpoint (setting=None), or train in another folder",
            )
        return saved.setting.to_dict()

    return Setting.from_dict(processes.agreed(choose))


def _shared(loaded: list[Saved], facts: dict[str, Any], processes: TrainingProcesses) -> Saved:
    if processes.count == 1:
        return loaded[0]
    tensors = {}
    for name, (shape, kind) in facts["tensors"].items():
        mine = loaded[0].tensors[name] if loaded else torch.empty(shape, dtype=getattr(torch, kind[len("torch.") :]))
        tensors[name] = processes.shared(mine)
    setting = Setting.from_dict(facts["setting"])
    return Saved(tensors=tensors, setting=setting, progress=facts["progress"], note=facts["note"])


def _require_same(identity: Identity, processes: TrainingProcesses) -> None:
    """Raise in every process where one trains something else than the first."""
    first = processes.agreed(identity.to_dict)
    differences = identity.differences(first)
    others = processes.sum(bool(differences))
    if others:
        what = f": this one has {', '.join(differences)}" if differences else ""
        raise FeatherboneError(
            f"{others:.0f} of {processes.count} processes train something else than the first{what}",
            hint="start every process with the same command, on the same data",
        )
