"""Real measurements, short ones: that they happen in processes of their own, and what comes back. No time is judged."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.measure import Roofline, Subject, latency, measure, prepared, profile
from featherbone.measure.process import fresh_process
from featherbone.measure.runtimes.job import Job

ROOFLINE = Roofline(macs_per_second=1e9, bytes_per_second=1e9)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "FEWEST", 5)


def test_each_process_is_fresh_and_ends() -> None:
    numbers = []
    for _ in range(2):
        with fresh_process(1) as process:
            number = int(process.ask(do="about")["process"])
            assert number != os.getpid()
            assert process.ask(do="about")["process"] == number, "it stays while the block runs"
            assert process.ask(do="about")["threads"] == "1"
            assert "torch" not in process.ask(do="about")["modules"]
        numbers.append(number)
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
    assert numbers[0] != numbers[1]


def test_a_process_ends_in_silence_when_whoever_asked_is_gone() -> None:
    ends, starts = os.pipe()
    worker = subprocess.Popen(
        [sys.executable, "-m", "featherbone.measure.worker"],
        stdin=subprocess.PIPE,
        stdout=starts,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(starts)
    os.close(ends)
    _, said = worker.communicate('{"do": "about"}\n', timeout=60)
    assert (worker.returncode, said) == (0, "")


def test_only_the_runtime_that_is_measured_is_loaded(subject: Subject) -> None:
    for runtime, other in (("onnxruntime", "torch"), ("torch", "onnxruntime")):
        with fresh_process(1) as process:
            process.load(Job(runtime=runtime, file=subject.files[runtime], threads=1, batch=1))
            modules = process.ask(do="about")["modules"]
            assert runtime in modules
            assert other not in modules


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_a_measurement_says_everything(runtime: str, subject: Subject) -> None:
    found = measure([subject, subject], runtime=runtime, batch=2, seconds=0.02)
    assert len(found) == 2
    document = json.loads(json.dumps(found[0].to_json(), allow_nan=False))
    assert document.keys() == {
        *("network", "runtime", "threads", "batch", "times", "warm_up", "environment", "noise", "noisy")
    }
    assert document["times"].keys() == {"p50_ms", "p90_ms", "p99_ms", "min_ms", "n", "low_ms", "high_ms"}
    times = document["times"]
    assert 0 < times["min_ms"] <= times["p50_ms"] <= times["p90_ms"] <= times["p99_ms"]
    assert times["n"] >= 5
    assert (document["network"], document["runtime"], document["batch"]) == ("residual", runtime, 2)
    around = document["environment"]
    assert {"python", "featherbone", "numpy", runtime} <= around["versions"].keys()
    assert {"cpu", "cores", "system", "load_before", "load_after"} <= around.keys()
    assert document["noisy"] == bool(document["noise"])


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_a_profile_accounts_for_every_operator(
    runtime: str, subject: Subject, residual: Graph, capfd: pytest.CaptureFixture[str]
) -> None:
    found = profile(subject, ROOFLINE, runtime=runtime)
    assert capfd.readouterr() == ("", ""), "the runtime's own messages are no output of ours"
    assert found.untimed == ()
    assert sum(row.macs for row in found.operators) == count(residual).macs
    named = [name for row in found.operators for name in row.nodes]
    assert sorted(named) == sorted(node.name for node in residual.nodes if node.operator.kind != "input")
    assert all(row.milliseconds >= 0 for row in found.operators)
    if runtime == "torch":
        assert all(len(row.nodes) == 1 for row in found.operators), "eager PyTorch fuses nothing"
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is an extra and not installed")
def test_openvino_accounts_for_every_operator(residual: Graph) -> None:
    with prepared([residual], ["openvino"]) as subjects:
        found = profile(subjects[0], ROOFLINE, runtime="openvino")
        assert measure(subjects, runtime="openvino", seconds=0.02)[0].times.n >= 5
    assert found.untimed == ()
    assert sum(row.macs for row in found.operators) == count(residual).macs


def test_an_absent_runtime_says_how_to_get_it(residual: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featherbone.measure.runtimes.catalogue.find_spec", lambda name: None)
    with (
        pytest.raises(FeatherboneError, match=r"openvino is not installed \(pip install 'featherbone\[openvino\]'\)"),
        prepared([residual], ["openvino"]),
    ):
        pass


def test_what_cannot_be_prepared_is_refused(residual: Graph, tmp_path: Path) -> None:
    first, second = image(3, 8, name="left"), image(3, 8, name="right")
    two = (first + second).global_pool().flatten().linear(2).graph("two")
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(b"x")
    for models, runtimes, message in (
        ([residual], ["torhc"], "did you mean torch"),
        ([], ["torch"], "no model"),
        ([two], ["onnxruntime"], "two has 2 inputs"),
        ([two], ["torch"], "two has 2 inputs"),
        ([tmp_path / "absent.onnx"], ["onnxruntime"], "there is no file"),
        ([foreign], ["torch"], "which PyTorch does not run"),
    ):
        with pytest.raises(FeatherboneError, match=message), prepared(models, runtimes):  # type: ignore[arg-type]
            pass


def test_an_export_that_fails_is_one_sentence(residual: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def fail(*arguments: object, **settings: object) -> object:
        raise torch.onnx.OnnxExporterError("first line\nmany more") from ValueError("no such operator\nand a trace")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with (
        pytest.raises(FeatherboneError, match="residual cannot be exported to ONNX: no such operator") as caught,
        prepared([residual], ["onnxruntime"]),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_threads_and_batch_must_be_positive(subject: Subject) -> None:
    for settings in ({"threads": 0}, {"batch": 0}, {"threads": -1}):
        with pytest.raises(FeatherboneError, match="must be at least 1"):
            measure([subject], **settings)  # type: ignore[arg-type]
        with pytest.raises(FeatherboneError, match="must be at least 1"):
            profile(subject, ROOFLINE, **settings)  # type: ignore[arg-type]


def _onnx(path: Path, shapes: dict[str, list[int | str]], kind: int = TensorProto.FLOAT) -> Path:
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, shape in shapes.items()]
    output = helper.make_tensor_value_info("y", kind, None)
    graph = helper.make_graph([helper.make_node("Sum", list(shapes), ["y"])], "g", inputs, [output])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


@pytest.mark.parametrize(
    ("shapes", "kind", "batch", "message"),
    [
        ({"a": [1, 3], "b": [1, 3]}, TensorProto.FLOAT, 1, r"has 2 inputs \(a, b\)"),
        ({"a": ["n", 3, "h"]}, TensorProto.FLOAT, 1, "fixed sides"),
        ({"a": [1, 3]}, TensorProto.DOUBLE, 1, "float32 images"),
        ({"a": [4, 3]}, TensorProto.FLOAT, 2, "exported for a batch of 4, not 2"),
    ],
)
def test_onnx_files_that_need_more_than_an_image_are_refused(
    shapes: dict[str, list[int | str]], kind: int, batch: int, message: str, tmp_path: Path
) -> None:
    path = _onnx(tmp_path / "model.onnx", shapes, kind)
    with prepared([path], ["onnxruntime"]) as subjects, pytest.raises(FeatherboneError, match=message):
        measure(subjects, batch=batch)


def test_an_onnx_file_from_elsewhere_is_timed_but_not_profiled(tmp_path: Path) -> None:
    with prepared([_onnx(tmp_path / "model.onnx", {"a": ["n", 3, 8, 8]})], ["onnxruntime"]) as subjects:
        assert measure(subjects, seconds=0.01)[0].network == "model.onnx"
        with pytest.raises(FeatherboneError, match="no graph of ours"):
            profile(subjects[0], ROOFLINE)


def test_a_process_that_dies_is_a_sentence(subject: Subject) -> None:
    with fresh_process(1) as process:
        os.kill(int(process.ask(do="about")["process"]), 9)
        with pytest.raises(FeatherboneError, match="the measuring process ended with code -9"):
            process.ask(do="warm_up")
