"""The file that a cut begins with: what is left of the network, mended, in the run's folder."""

from __future__ import annotations

from pathlib import Path

from featherbone.nn import Model, load_model
from featherbone.run_file import CUTS
from featherbone.search.cuts.cut_design import CutDesign
from featherbone.search.executors import CheckpointMissing


def cut_file(folder: Path, design: str) -> Path:
    """Where it is in the folder of a run.

    >>> cut_file(Path("run"), "cut tiny | r24 | keep 8 16").as_posix()
    'run/cuts/0f25cb8ff62bf80a.safetensors'
    """
    return folder / CUTS / f"{CutDesign.parse(design).key}.safetensors"


def load_cut(folder: Path, design: str) -> Model:
    """The model that a cut begins with.

    Raises:
        CheckpointMissing: it is not there.
        FeatherboneError: it is damaged.
    """
    path = cut_file(folder, design)
    if not path.is_file():
        raise CheckpointMissing(
            f"{design[:60]} begins with {path}, which is not there",
            hint="put that run's files back, or begin anew with another --name",
        )
    return load_model(path)
