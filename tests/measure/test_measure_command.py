"""``featherbone time`` from the shell: what it prints, and what it refuses before anything is exported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from featherbone.cli.main import app
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, to_json
from featherbone.measure import latency, limits, statistics


@pytest.fixture
def file(residual: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A graph on disk, and a measurement that is short and of limits that are made up."""
    monkeypatch.setattr(latency, "FEWEST", 3)
    monkeypatch.setattr(latency.measure, "__kwdefaults__", {**latency.measure.__kwdefaults__, "seconds": 0.01})  # type: ignore[dict-item]
    made_up = limits.MachineLimits(
        threads=1, macs_per_second={"torch": 4e10, "onnxruntime": 5e10}, bytes_per_second=1e10
    )
    monkeypatch.setattr(limits, "measure_limits", lambda threads, progress: made_up)
    path = tmp_path / "residual.json"
    path.write_text(to_json(residual), encoding="utf-8")
    return str(path)


def test_tables_fit_a_terminal_and_name_everything(file: str) -> None:
    long = Path(file).with_name("a network with a name that is longer than any column may be.json")
    long.write_text(Path(file).read_text(encoding="utf-8"), encoding="utf-8")
    result = CliRunner().invoke(app, ["time", file, str(long), "--operators"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert "…" not in result.stdout, "no number is cut"
    for word in ("p50", "p90", "p99", "onnxruntime", "load average", "stem.conv_act", "compute-bound", "MACs/s"):
        assert word in result.stdout


def test_slow_runs_leave_room_for_the_names(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = statistics.Summary(
        p50_ms=11230.019, p90_ms=21125.543, p99_ms=91941.554, min_ms=10573.5, n=2500, low_ms=10606.1, high_ms=91027.905
    )
    monkeypatch.setattr(latency, "summarise", lambda turns: slow)
    result = CliRunner().invoke(app, ["time", file, "--runtime", "torch"])
    assert result.exit_code == 0, result.output
    row = next(line.split() for line in result.stdout.splitlines() if line.startswith(" torch"))
    assert row[1:] == ["residual.json", "1", "11230", "21126", "91942", "10574", "10606–91028", "2,500", "noisy"]


def test_json_has_a_schema(file: str) -> None:
    result = CliRunner().invoke(app, ["time", file, "--operators", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document.keys() == {"schema", "measurements", "limits", "profiles"}
    assert document["schema"] == "featherbone.time/1"
    assert document["measurements"][0]["network"] == "residual.json"
    assert document["profiles"][0]["untimed"] == []
    assert document["profiles"][0]["operators"][0].keys() == {
        *("name", "description", "nodes", "milliseconds", "macs", "bytes", "bound", "share")
    }
    assert document["limits"][0]["bytes_per_second"] == 1e10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runtime", "onnxrt"], "unknown runtime 'onnxrt' (did you mean onnxruntime?)"),
        (["--runtime", ","], "runtime is ','; it names none"),
        (["--threads", "0"], "threads is 0; it must be at least 1"),
        (["--threads", "1,two"], "threads is 'two'; it must be whole numbers"),
        (["--batch", "0"], "batch is 0; it must be at least 1"),
    ],
)
def test_mistakes_are_refused(options: list[str], message: str, file: str) -> None:
    result = CliRunner().invoke(app, ["time", file, *options])
    assert isinstance(result.exception, FeatherboneError)
    assert message in str(result.exception)


def test_more_threads_than_cores_are_warned_of(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featherbone.measure.environment.cores", lambda: 1)
    result = CliRunner().invoke(app, ["time", file, "--threads", "2"])
    assert result.exit_code == 0, result.output
    assert "2 threads share 1 core and" in result.stderr
    assert "noisy" in result.stdout


def test_a_log_says_what_is_measured(file: str) -> None:
    result = CliRunner().invoke(app, ["time", file, "--runtime", "onnxruntime,torch", "--operators"])
    assert result.exit_code == 0, result.output
    said = [line.partition(" s  ")[2].partition(": ")[0] for line in result.stderr.splitlines()]
    steps = ["loading residual.json", "warming up residual.json", "measuring residual.json"]
    expected = [f"{step} in {runtime} on 1 thread" for runtime in ("onnxruntime", "torch") for step in steps]
    assert [line for line in said if line in expected] == expected, result.stderr
    assert f"reading {file}" in said
    assert "timing the operators of residual.json in torch on 1 thread" in said


def test_an_interruption_is_one_sentence_and_leaves_no_process(residual: Graph, tmp_path: Path) -> None:
    path = tmp_path / "residual.json"
    path.write_text(to_json(residual), encoding="utf-8")
    # Each run lasts as long as the test needs; the group gets the signal, as the whole of it does from a terminal.
    code = "from featherbone.measure import latency; latency.FEWEST = 10**9; latency.LONGEST = 1e9\n"
    code += f"import sys; sys.argv = ['featherbone', 'time', {str(path)!r}]\n"
    code += "from featherbone.cli.main import run; run()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert running.stderr is not None
        said = iter(running.stderr.readline, "")
        assert any("measuring" in line for line in said)
        workers = children(running.pid)
        os.killpg(running.pid, signal.SIGINT)
        rest = running.stderr.read()
    assert running.returncode == 130
    assert rest.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in rest
    assert len(workers) == 1
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


def children(process: int) -> list[str]:
    """The processes that one has started."""
    return Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()
