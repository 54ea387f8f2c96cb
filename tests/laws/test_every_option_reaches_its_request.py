"""What a person gives on the command line is in the request, and the command of a request asks for it again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

import pytest
import typer

import featherbone
from featherbone.cli.main import app
from featherbone.errors import FeatherboneError
from featherbone.hub import WeightChoices
from featherbone.job import ConvertRequest, ExportRequest, FactorizeRequest, FitRequest, TrainRequest
from featherbone.job.option import command_words, options_of
from featherbone.job.weight_options import CHOICES

BEGUN: dict[str, list[str]] = {
    "convert": ["convert", "squeezenet1_1", "--weights", "w.pth", "--out", "m.safetensors"],
    "export": ["export", "m.safetensors", "my photos", "--to", "onnx", "--out", "shipped"],
    "factorize": ["factorize", "m.safetensors", "my photos", "--into", "grouped"],
    "fit": ["fit", "my photos", "--params", "20k"],
    "train": ["train", "my photos", "--network", "r8 | stem w4 | head w8"],
}
REQUESTS: dict[str, Any] = {
    "convert": ConvertRequest,
    "export": ExportRequest,
    "factorize": FactorizeRequest,
    "fit": FitRequest,
    "train": TrainRequest,
}
SAMPLES = {  # a value of an option that has no default that nobody asks for; any text where none stands here
    "activation": "relu6",
    "device": "cpu",
    "export input": "tensor",
    "export precision": "int8",
    "interpolation": "bicubic",
    "int8_size": "100KB",
    "latency": "0.01us",
    "macs": "300M",
    "mean": "0.5,0.25,1e-7",
    "memory": "512KiB",
    "out": "other.safetensors",
    "params": "12.5M",
    "precision": "bfloat16",
    "setting": "NCHW, float32, 1 thread",
    "size": "1MB",
    "std": "0.5",
    "time": "343h7m7.5s",
}
NEEDED = {
    **dict.fromkeys(
        ("temperature", "teacher_weight", "hint_weight", "teacher_views", "teacher_precision"), ("--teacher", "t")
    ),
    **dict.fromkeys(("activation", "tensorflow", "drop_background", "mean", "std"), ("--weights", "w.pth")),
    **dict.fromkeys(("runtime", "threads"), ("--latency", "3ms")),
}
CASES = [(command, option.name) for command, request in REQUESTS.items() for option in options_of(request)]


@pytest.fixture
def request_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], Any]:
    """The request that a command line makes, which nobody answers."""

    class Answered(Exception):
        pass

    def never(request: object, *_: object) -> None:
        raise Answered(request)

    monkeypatch.setattr("featherbone.job.run_convert", never)
    monkeypatch.setattr("featherbone.job.plan_factorizing", never)
    monkeypatch.setattr("featherbone.job.run_export", never)
    monkeypatch.setattr("featherbone.job.run_fit", never)
    monkeypatch.setattr("featherbone.job.run_train", never)
    monkeypatch.setattr("featherbone.job.training.tensorboard.require_tensorboard", lambda: None)

    def asked(words: list[str]) -> Any:
        with pytest.raises(Answered) as answered:
            typer.main.get_command(app)(words, standalone_mode=False)
        return answered.value.args[0]

    return asked


def given(command: str, name: str) -> list[list[str]]:
    """The words that give an option another value than it has anyway, each way that there is."""
    option = next(each for each in options_of(REQUESTS[command]) if each.name == name)
    if option.is_argument:
        place = [each.name for each in options_of(REQUESTS[command]) if each.is_argument].index(name)
        return [[BEGUN[command][1 + place]]]
    if option.kind is bool:
        return [[option.flag], *([[f"--no-{option.flag[2:]}"]] if option.negatable else [])]
    number = {int: str((option.least or 0) + 2), float: "0.375"}.get(option.kind, f"some {name}")
    return [[option.flag, SAMPLES.get(f"{command} {name}", SAMPLES.get(name, number))]]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_an_option_reaches_the_request_and_the_command_of_the_request_gives_it(
    command: str, name: str, request_of: Callable[[list[str]], Any]
) -> None:
    begun = [*BEGUN[command], *NEEDED.get(name, ())]
    if name in ("network", "params") and command != "convert":
        begun = begun[:2] + (["--macs", "1M"] if name == "params" else [])
    for words in given(command, name):
        found = request_of([*begun, *words] if words[0] not in begun else begun)
        said = command_words(command, found)
        assert said[:2] == ["featherbone", command]
        assert words[0] in said
        assert request_of(said[1:]) == found, "the command asks for the same"
        if words[0] not in begun and name != "network":
            assert found != request_of(begun), "it changes what is asked"


@pytest.mark.parametrize("command", REQUESTS)
def test_a_command_has_the_options_of_its_request_and_json(command: str) -> None:
    found = typer.main.get_command(app).commands[command]
    assert [each.name for each in found.params] == [each.name for each in options_of(REQUESTS[command])] + ["json"]


@pytest.mark.parametrize("command", REQUESTS)
def test_nothing_that_need_not_be_asked_is_said(command: str, request_of: Callable[[list[str]], Any]) -> None:
    said = command_words(command, request_of(BEGUN[command]))
    assert said[1:] == [word.replace("20k", "20000") for word in BEGUN[command]]


def test_the_choices_of_weights_are_all_options() -> None:
    assert {option.name for option in CHOICES.options} == {each.name for each in fields(WeightChoices)}
    assert WeightChoices() == CHOICES.join(**{each.name: each.default for each in CHOICES.options})


@pytest.mark.parametrize(("function", "request_type"), [("fit", FitRequest), ("train_network", TrainRequest)])
def test_the_keywords_in_python_are_the_fields_of_the_request(function: str, request_type: type) -> None:
    shown = inspect.signature(getattr(featherbone, function)).parameters
    assert {*shown} == {each.name for each in fields(request_type)} | {"progress"}
    for each in fields(request_type):
        assert (shown[each.name].default is inspect.Parameter.empty) == (each.name in ("source", "network", "budget"))


def test_a_keyword_that_no_request_has_is_refused() -> None:
    with pytest.raises(TypeError, match="trails"):
        featherbone.fit("digits", None, trails=3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "digits", "--macs", "1M", "--time", "3"], "--time '3' has no unit"),
        (["fit", "digits", "--macs", "1M", "--threads", "2"], "--runtime and --threads say how latency is limited"),
        (["train", "digits", "--network", "x", "--weights", "w", "--std", "1,b"], "--std is '1,b'; it must be"),
    ],
)
def test_a_text_that_cannot_be_read_names_its_flag(words: list[str], said: str) -> None:
    with pytest.raises(FeatherboneError, match=said):
        typer.main.get_command(app)(words, standalone_mode=False)


def test_each_option_says_what_it_is() -> None:
    for request in REQUESTS.values():
        for option in options_of(request):
            assert option.help.endswith((".", ";")), option.name
            needed = {
                ConvertRequest: ("network", "weights", "out"),
                FactorizeRequest: ("model", "into"),
                ExportRequest: ("model", "to", "out"),
            }.get(request, ("data", "network"))
            assert option.default is not MISSING or option.name in needed
