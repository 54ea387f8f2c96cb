"""Real measurements, short ones: that they happen in processes of their own, and what comes back. No time is judged."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.graph.operators import Input, Opaque
from featherbone.measure import Roofline, Subject, latency, measure, prepared, profile
from featherbone.measure.process import fresh_process
from featherbone.measure.runtimes.workload import Workload
from featherbone.measure.subject import Built, OnnxFile

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
            process.load(Workload(runtime=runtime, file=subject.files[runtime], threads=1, batch=1))
            modules = process.ask(do="about")["modules"]
            assert runtime in modules
            assert other not in modules


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_a_measurement_says_everything(runtime: str, subject: Subject) -> None:
    found = measure([subject, subject], runtime=runtime, batch=2, seconds=0.02)
    assert len(found) == 2
    document = json.loads(json.dumps(found[0].to_json(), allow_nan=False))
    assert document.keys() == {
        *("network", "runtime", "threads", "batch", "times", "warm_up", "environment", "noise", "noisy"),
        "added_memory",
    }
    assert document["added_memory"] is None or document["added_memory"] > 0
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
        with pytest.raises(FeatherboneError, match=message), prepared(models, runtimes):
            pass


def test_what_cannot_be_written_as_onnx_is_named() -> None:
    entries = [("image", Input(shape=(3, 8, 8)), ()), ("mix", Opaque(label="fft", shape=(3, 8, 8)), ("image",))]
    strange = Graph.build("strange", entries, ("mix",))
    built = Built(target="models.py:strange", inputs=(), graph=strange)
    for model in (strange, built):
        with pytest.raises(FeatherboneError, match=r"mix.* opaque fft.* is outside the vocabulary") as caught:  # noqa: SIM117
            with prepared([model], ["onnxruntime"]):
                pass
        assert "\n" not in str(caught.value)


def test_threads_and_batch_must_be_positive(subject: Subject) -> None:
    for settings in ({"threads": 0}, {"batch": 0}, {"threads": -1}):
        with pytest.raises(FeatherboneError, match="must be at least 1"):
            measure([subject], **settings)
        with pytest.raises(FeatherboneError, match="must be at least 1"):
            profile(subject, ROOFLINE, **settings)


def _onnx(path: Path, shapes: dict[str, list[int | str]], kind: int = TensorProto.FLOAT) -> Path:
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, shape in shapes.items()]
    output = helper.make_tensor_value_info("y", kind, None)
    graph = helper.make_graph(
        [helper.make_node("Sum" if len(shapes) > 1 else "Identity", list(shapes), ["y"])], "g", inputs, [output]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


@pytest.mark.parametrize(
    ("shapes", "kind", "batch", "message"),
    [
        ({"a": ["n", 3, "h"]}, TensorProto.FLOAT, 1, r"fixed sides \(say them: --input a:3x224\)"),
        ({"a": [1, 3]}, TensorProto.STRING, 1, "timing makes up"),
        ({"a": [4, 3]}, TensorProto.FLOAT, 2, "exported for a batch of 4, not 2"),
    ],
)
def test_onnx_files_whose_inputs_are_not_known_are_refused(
    shapes: dict[str, list[int | str]], kind: int, batch: int, message: str, tmp_path: Path
) -> None:
    path = _onnx(tmp_path / "model.onnx", shapes, kind)
    with prepared([path], ["onnxruntime"]) as subjects, pytest.raises(FeatherboneError, match=message):
        measure(subjects, batch=batch)


def _noise(path: Path, **settings: Any) -> Any:
    """What a measuring process would feed to a file: the shape and type of each input."""
    from featherbone.measure.onnx_session import open_session
    from featherbone.measure.runtimes.on_onnxruntime import feed_noise

    with prepared([OnnxFile(path=path, **settings)], ["onnxruntime"]) as (subject,):
        job = subject.job(runtime="onnxruntime", threads=1, batch=None)
        fed = feed_noise(open_session(path), job)
        return job.batch, {name: (array.shape, array.dtype.name) for name, array in fed.items()}


def test_inputs_of_onnx_files(tmp_path: Path) -> None:
    """Several, of other types, of sizes that are given, of the batch that the file was exported for."""
    two = _onnx(tmp_path / "two.onnx", {"a": [1, 3], "b": [1, 3]}, TensorProto.DOUBLE)
    assert _noise(two) == (1, {"a": ((1, 3), "float64"), "b": ((1, 3), "float64")})
    whole = _onnx(tmp_path / "whole.onnx", {"a": ["n", 3, "h", "w"]}, TensorProto.INT64)
    assert _noise(whole, inputs=("a:3x6x5",)) == (1, {"a": ((1, 3, 6, 5), "int64")})
    same = _onnx(tmp_path / "same.onnx", {"a": ["n", "s"], "b": ["n", "s"]})
    assert _noise(same, inputs=("a:7",))[1] == {"a": ((1, 7), "float32"), "b": ((1, 7), "float32")}
    four = _onnx(tmp_path / "four.onnx", {"a": [4, 3, 8, 8]})
    assert _noise(four) == (4, {"a": ((4, 3, 8, 8), "float32")})


BUILT = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.lstm = nn.Embedding(10, 8), nn.LSTM(8, 6, batch_first=True)

    def forward(self, x, ids):
        assert x.shape[0] == ids.shape[0] == 3 and x.device.type == "cpu"
        made, state = self.lstm(x + self.embed(ids))
        return made[:, -1], state

def plain():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
"""


def test_a_module_from_elsewhere_is_timed_as_it_is(tmp_path: Path) -> None:
    """Recurrent, with two inputs and two outputs, by the function that builds it and what it is called with."""
    from featherbone.importing import read_model
    from featherbone.measure.runtimes.on_torch import load

    file = tmp_path / "models.py"
    file.write_text(BUILT.replace(" == 3 and", " and"), encoding="utf-8")
    target, inputs = f"{file}:Net", ("x:5x8", "ids:5:int64")
    model = Built(target=target, inputs=inputs, graph=read_model(target, inputs=list(inputs)))
    file.write_text(BUILT, encoding="utf-8")
    with prepared([model], ["torch"]) as (subject,):
        job = subject.job(runtime="torch", threads=1, batch=3)
        outcome: Any = load(job)()
        last, states = outcome
        assert (tuple(last.shape), len(states)) == ((3, 6), 2)
        with pytest.raises(FeatherboneError, match="no graph of ours"):
            profile(subject, ROOFLINE, runtime="torch")
    with (
        pytest.raises(FeatherboneError, match="onnxruntime cannot run it") as caught,
        prepared([model], ["onnxruntime"]),
    ):
        pass
    assert "--runtime torch" in caught.value.hint
    ours = f"{file}:plain"
    with prepared([Built(target=ours, inputs=("3x8x8",), graph=read_model(ours, (3, 8, 8)))], ["torch"]) as (subject,):
        assert subject.graph is not None, "a module of our vocabulary is timed by its graph, operators too"


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
