"""What the page of a quantization says of its integers."""

from __future__ import annotations

import pytest

from featherbone.quantized_record import IntegersRecord, SpeedRecord
from featherbone.report.quantized_content import quantized_content, slower
from featherbone.run_record import RunRecord


def speeds(**times: float) -> list[SpeedRecord]:
    return [SpeedRecord(runtime="onnxruntime", precision=precision, ms=ms) for precision, ms in times.items()]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (speeds(float32=1.0, int8=0.99), ""),
        (speeds(float32=1.0, int8=1.0), "Integers bring no speed in onnxruntime: 1 ms, and 1 ms in float32."),
        (speeds(float32=1.0), ""),
        (speeds(int8=1.0), ""),
        (
            [*speeds(float32=1.0, int8=3.0), SpeedRecord(runtime="other", precision="int8", ms=1.0)],
            "Integers bring no speed in onnxruntime: 3 ms, and 1 ms in float32.",
        ),
        ([], ""),
    ],
)
def test_integers_that_bring_no_speed_are_not_praised(found: list[SpeedRecord], said: str) -> None:
    assert slower(found) == said


def test_the_rules_stand_from_the_best_on_and_noise_is_marked() -> None:
    integers = IntegersRecord(
        rule="mse",
        divergences={"minmax": 0.3, "mse": 0.1, "percentile": 0.2},
        layers=(),
        sensitivity=(),
        float_layers=(),
        left_in_float=("pool",),
        divergence=0.1,
        agreement=0.987,
        val_before=0.91234,
        val_after=0.9,
        val_count=50,
        weight_bytes=2048,
        map_bytes=512,
        seconds=1.0,
    )
    noisy = SpeedRecord(runtime="onnxruntime", precision="int8", ms=0.5, noise=("others ran",))
    content = quantized_content(
        RunRecord(job="quantize", result=None, integers=integers, speeds=(*speeds(float32=1.0), noisy))
    )
    shown = content["integers"]
    assert [rule for rule, _ in shown["rules"]] == ["mse", "percentile", "minmax"]
    assert (shown["agreement"], shown["before"], shown["after"]) == ("98.7 %", "91.23 %", "90.00 %")
    assert (shown["weights"], shown["maps"], shown["left_in_float"]) == ("2.0 KiB", "512 B", ("pool",))
    assert content["speeds"] == [("onnxruntime", "float32", "1 ms", False), ("onnxruntime", "int8", "0.5 ms", True)]
    assert content["slower_integers"] == ""
    assert quantized_content(RunRecord(job="train", result=None)) == {"integers": None}
