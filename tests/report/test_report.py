"""The page says what the run folder says, whatever the folder holds, and asks nothing of the network."""

from __future__ import annotations

import hashlib
import html
import json
import re
from base64 import b64encode
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs
from sealed_ledger import sealed

from featherbone.cost import count
from featherbone.cost.table import cost_table
from featherbone.errors import FeatherboneError
from featherbone.networks import network
from featherbone.report import write_report
from featherbone.report.cost_page import render
from featherbone.report.run import read_run
from featherbone.report.words import verdict

MakeRun = Callable[..., Path]
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


class Elements(HTMLParser):
    """Every tag with its attributes, and the visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def own(path: Path) -> str:
    """The page without Plotly's own five megabytes."""
    page = path.read_text(encoding="utf-8")
    assert page.count(get_plotlyjs()) == 1
    return page.replace(get_plotlyjs(), "")


def figures(page: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" data-plot="plot-(\w+)">(.*?)</script>', page, re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def test_a_finished_run_is_told_whole(make_run: MakeRun) -> None:
    folder = make_run(finished=True)
    path = write_report(folder)
    assert path == folder / "report.html"
    assert path.stat().st_size < 6 * 2**20
    page = own(path)
    text = Elements(page).text
    for words in (
        "fits the budget",
        "98.1 % of 269 test images right",
        "± 0.8 points",
        "96.0 KiB",
        "0.123 ms",
        "p90 0.145 ms",
        "verified",
        "4.8e-06",
        "The limit that binds is multiply-adds: 97.1 % of it is used",
        "The next cheaper on the Pareto front is design",
        "The runner-up, design",
        "featherbone fit digits --macs 300k --params 20k --out 'runs/my digits'",
        "sha256:9f2c41d0a7e85b13",
        "2 images of test stand in train as well",
        "train/3/broken.png is truncated",
        "the loss became NaN in epoch 2",
        "2.13.0",
        "8 26 24 92.3 % 96.0 % 94.1 % 1 (2)",  # the worst class and what it is taken for
        "5 of 269 test images are misread.",
        "The calibration error is 1.6 points.",
    ):
        assert words in text, words
    assert "Still missing" not in text
    assert set(figures(page)) == {"scatter", "curves", "losses", "confusion", "reliability", "parallel"}


def test_the_sections_stand_in_order(make_run: MakeRun) -> None:
    page = own(write_report(make_run(finished=True)))
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "Accuracy against cost",
        "The chosen network",
        "Learning",
        "Mistakes on the test images",
        "Every design",
        "Why this one",
        "The same again",
    ]


def test_the_page_asks_nothing_of_the_network(make_run: MakeRun) -> None:
    page = own(write_report(make_run(finished=True)))
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {"http://www.w3.org/2000/svg"}, "a namespace, no address"
    assert "@import" not in page
    elements = Elements(page)
    assert not [tag for tag in ("link", "iframe") if elements.named(tag)]
    assert all((entry["src"] or "").startswith("data:image/png;base64,") for entry in elements.named("img"))
    assert not [entry for entry in elements.named("script") if "src" in entry]


def test_figures_are_valid_and_described(make_run: MakeRun) -> None:
    page = own(write_report(make_run(finished=True)))
    for figure in figures(page).values():
        # Plotly's own classes refuse a property that they do not know; its colours know no custom properties.
        go.Figure(json.loads(re.sub(r"var\(--[a-z0-9-]+\)", "#123456", json.dumps(figure))))
    plots = [entry for entry in Elements(page).named("div") if "plot" in (entry.get("class") or "")]
    assert len(plots) == 6
    assert all(entry["role"] == "img" and entry["aria-label"] for entry in plots)
    names = set(re.findall(r"(--[a-z0-9-]+):", page))
    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", page)) <= names, "every colour is defined"


def test_the_scatter_shows_every_scored_design(make_run: MakeRun) -> None:
    folder = make_run(finished=True)
    figure = figures(own(write_report(folder)))["scatter"]
    traces = {trace["name"]: trace for trace in figure["data"] if trace.get("visible", True)}
    with sealed(folder) as ledger:
        rows = ledger.execute("SELECT macs, val_top1 FROM trial WHERE val_top1").fetchall()
    shown = [
        pair
        for name, trace in traces.items()
        if name.startswith("rung")
        for pair in zip(trace["x"], trace["y"], strict=True)
    ]
    assert sorted(shown) == sorted((macs, 100 * top1) for macs, top1 in rows)
    front = list(zip(traces["Pareto front"]["x"], traces["Pareto front"]["y"], strict=True))
    for macs, top1 in rows:
        assert any(x <= macs and y >= 100 * top1 for x, y in front), "the front is nowhere beaten"
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(front))
    run = json.loads((folder / "run.json").read_text())
    assert traces["chosen"]["x"] == [run["result"]["macs"]]
    images = run["data"]["counts"]["val"]
    errors = [(y * (100 - y) / images) ** 0.5 for _, y in front]  # of a share, in percent as it is
    assert traces["Pareto front"]["error_y"]["array"] == pytest.approx(errors, abs=1e-3)


@pytest.mark.parametrize("finished", [True, False])
def test_hostile_names_stay_text(make_run: MakeRun, finished: bool) -> None:
    names = [HOSTILE, *map(str, range(1, 10))]
    data = {
        "source": HOSTILE,
        "name": HOSTILE,
        "classes": names,
        "channels": 1,
        "counts": {HOSTILE: 3},
        "warnings": [HOSTILE],
    }
    folder = make_run(finished=finished, data=data, command=["featherbone", HOSTILE], versions={HOSTILE: HOSTILE})
    with sealed(folder) as ledger:
        ledger.execute("UPDATE trial SET error = ?", (HOSTILE,))
        ledger.execute("UPDATE trial SET design = ? WHERE state = 'failed'", (HOSTILE,))
    page = own(write_report(folder))
    elements = Elements(page)
    assert 'alert("x")' not in page.replace("&#34;", '"').replace('\\"', '"') or "<script>alert" not in page
    assert "<script>alert" not in page
    assert all((entry["src"] or "").startswith("data:image/png;base64,") for entry in elements.named("img"))
    assert len(elements.named("script")) == len(figures(page)) + 2
    assert "<" not in "".join(re.findall(r"data-plot=[^>]*>(.*?)</script>", page, re.DOTALL))
    assert HOSTILE.split("<img")[0][9:20] in elements.text, "it is shown, as text"


def test_a_run_that_is_going_on(make_run: MakeRun) -> None:
    text = Elements(own(write_report(make_run(trials=9)))).text
    assert "running" in text
    assert "9 designs were trained so far. The leader, design" in text
    assert "Still missing: the test result, the model files, the check of the ONNX file, latency." in text
    assert "The network that leads" in text


def test_an_empty_ledger_and_none_at_all(make_run: MakeRun) -> None:
    folder = make_run(trials=0)
    for _ in range(2):
        text = Elements(own(write_report(folder))).text
        assert "No design has a score yet." in text
        assert "Still missing: designs, learning curves" in text
        (folder / "ledger.sqlite").unlink(missing_ok=True)


def test_trials_without_scores(make_run: MakeRun) -> None:
    folder = make_run(trials=5)
    with sealed(folder) as ledger:
        ledger.execute("UPDATE trial SET val_top1 = NULL, state = 'waiting', epochs = 0")
        ledger.execute("DELETE FROM rung")
    text = Elements(own(write_report(folder))).text
    assert "No design has a score yet." in text
    assert "Still missing: scores" in text


def test_designs_that_nobody_began_are_not_called_tried(make_run: MakeRun) -> None:
    folder = make_run(trials=24, finished=True)
    with sealed(folder) as ledger:
        total = len(ledger.execute("SELECT id FROM trial").fetchall())
        last = "id IN (SELECT max(id) FROM trial WHERE state = 'stopped')"  # as a search leaves what it had no time for
        ledger.execute(f"UPDATE trial SET val_top1 = NULL, epochs = 0, seconds = 0 WHERE {last}")
    text = re.sub(r"\s+", " ", Elements(own(write_report(folder))).text)
    assert f"designs {total - 1} tried" in text
    assert "1 of them is drawn and not begun: the limit came first." in text


def test_a_budget_that_is_exceeded_is_said_first(make_run: MakeRun) -> None:
    folder = make_run(finished=True, budget={"macs": 1000, "params": None, "memory": None, "size": None})
    text = Elements(own(write_report(folder))).text
    assert "over budget" in text
    assert "It exceeds the limit of multiply-adds." in text


def test_a_file_that_differs_is_said_first(make_run: MakeRun) -> None:
    wrong = {"largest_difference": 0.3, "top1_agreement": 0.5, "images": 256, "passed": False}
    text = Elements(own(write_report(make_run(finished=True, result_changes={"verification": wrong})))).text
    assert "not verified" in text
    assert "The ONNX file does not match it." in text


def test_a_tie_is_called_a_tie(make_run: MakeRun) -> None:
    folder = make_run(finished=True)
    with sealed(folder) as ledger:
        ledger.execute("UPDATE trial SET val_top1 = 0.97 WHERE state = 'done'")
        ledger.execute("UPDATE rung SET val_top1 = 0.97 WHERE rung = 2")
    text = Elements(own(write_report(folder))).text
    assert "at rung 2 with" in text
    assert ": as much as the chosen one. 269 images cannot tell it from design" in text
    assert "a tie, in which the higher score was taken" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "holds no run.json"), ("{", "is not JSON"), ("[]", "is not a run"), ('{"format": "x"}', "is not a run")],
)
def test_a_folder_without_a_run(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(FeatherboneError, match=message):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be read as one" * 40, b""])
def test_a_damaged_ledger(content: bytes, make_run: MakeRun) -> None:
    folder = make_run(trials=1)
    (folder / "ledger.sqlite").write_bytes(content)
    with pytest.raises(FeatherboneError, match=r"ledger.sqlite (can't be read|has version)"):
        write_report(folder)


def test_a_network_exactly_at_its_limits_fits_the_budget_and_one_above_does_not(make_run: Callable[..., Path]) -> None:
    folder = make_run(finished=True)
    result = json.loads((folder / "run.json").read_text())["result"]
    for less, badge in ((0, "fits the budget"), (1, "over budget")):
        budget = {"macs": result["macs"] - less, "params": result["params"], "memory": result["peak_memory"]}
        facts = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps({**facts, "budget": {**budget, "size": result["file_bytes"]}}))
        assert verdict(read_run(folder)).badge == badge


def test_a_page_runs_its_own_scripts_and_no_other(make_run: MakeRun) -> None:
    pages = [
        write_report(make_run(finished=True)).read_text(encoding="utf-8"),
        render(cost_table(count(network("cifar_resnet20")))),
    ]
    for page in pages:
        (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
        rules = dict(rule.split(" ", 1) for rule in html.unescape(policy).split("; "))
        run = [b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in SCRIPT.findall(page)]
        assert len(run) == 2
        assert rules["script-src"] == " ".join(f"'sha256-{digest}'" for digest in run)
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
        assert page.index("Content-Security-Policy") < page.index("<style>"), "it holds for all that follows"
