"""A run folder read: what was asked, the designs that were tried or the network that is trained, what they learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import MOST_TEXT, damage, parse_json, read_bytes, read_text
from featherbone.graph import Graph
from featherbone.nn import load_model
from featherbone.run_file import LEDGER, LOG, NAME, NETWORK, TRIALS, read_record
from featherbone.run_record import ResultRecord, RunRecord
from featherbone.search.cuts.cut_design import is_cut
from featherbone.search.cuts.cut_file import cut_file
from featherbone.search.record.rows import Trial
from featherbone.search.record.search_record import SearchRecord, read_search
from featherbone.search.space.design_graph import candidate_graph

History = tuple[dict[str, Any], ...]

LISTED = 1000  # trials that a page draws and lists, the best; more would be neither read nor loaded


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as its folder tells it; ``record`` is run.json. A history holds one entry an epoch, as its log does.

        read_run("runs/digits").result.test_top1

    A notebook shows it: the verdict, costs beside limits, the network.

    A search has a ``search`` and the ``histories`` of its best trials, by their numbers; a training has a ``graph``, as
    JSON text, and a ``history``.
    """

    folder: Path
    record: RunRecord
    search: SearchRecord = field(default_factory=SearchRecord)
    histories: Mapping[int, History] = field(default_factory=dict)
    graph: str = ""
    history: History = ()
    going: bool = True  # unless it is known that nothing works on it any more

    @property
    def result(self) -> ResultRecord | None:
        """What the finished run found; None while it is going on."""
        return self.record.result

    def _repr_html_(self) -> str:
        from featherbone.report.run_card import run_as_html

        return run_as_html(self)

    @cached_property
    def ranked(self) -> list[Trial]:
        """Trials with a score, the best first."""
        return [trial for trial in self.search.ranked if trial.val_top1 is not None]

    def network(self, trial: Trial) -> Graph | None:
        """The graph of one of its trials; None where run.json does not say what images it takes, or a file is gone."""
        if is_cut(trial.design):
            file = cut_file(self.folder, trial.design)
            return load_model(file).graph if file.is_file() else None
        data = self.record.data
        if not data.classes or not data.channels:
            return None
        return candidate_graph(trial.design, classes=len(data.classes), channels=data.channels)


def read_run(folder: Path | str, *, going: bool = True) -> Run:
    """The run in a folder; a ledger that does not exist yet is one without trials.

        read_run("runs/digits")

    With ``going`` false, it is known that nothing works on it any more.

    Raises:
        FeatherboneError: no run.json, or a file that is damaged or of another version.
    """
    folder = Path(folder)
    with damage(folder / NAME):
        record = read_record(folder)
        if record is None:
            raise FeatherboneError(f"{folder} holds no run.json", hint="give the folder that fit or train wrote")
        if record.is_training:
            network = folder / NETWORK
            graph = read_text(network) if network.exists() else ""
            return Run(folder=folder, record=record, graph=graph, history=_history(folder / LOG))
        if not (folder / LEDGER).is_file():
            return Run(folder=folder, record=record, going=going)
        search = read_search(folder)
        best = [trial.id for trial in search.ranked[:LISTED]]
        histories = {number: _history(folder / TRIALS / str(number) / LOG) for number in best}
        return Run(folder=folder, record=record, search=search, histories=histories, going=going)


def _history(path: Path) -> History:
    """One entry an epoch, the newest where an epoch was run twice; a line that was cut off by a crash ends the log.

    A log that is not there yet has none.
    """
    if not path.is_file():
        return ()
    epochs: dict[int, dict[str, Any]] = {}
    for line in read_bytes(path, most=MOST_TEXT).decode(errors="replace").splitlines():
        try:
            entry = parse_json(line, "a line of the log")
        except FeatherboneError:
            break
        if isinstance(entry, dict) and isinstance(entry.get("epoch"), int):
            epochs[entry["epoch"]] = entry
    return tuple(epochs[epoch] for epoch in sorted(epochs))
