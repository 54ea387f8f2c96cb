"""What the table of a bench says: what is slower, and which file should be shipped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from featherbone.bench_record import EAGER, BenchRow, advice, with_slower_said

WHOLE = BenchRow(
    model="m", target="onnx", precision="float32", threads=1, p50_ms=1.0, low_ms=0.9, high_ms=1.1, size=4000, top1=0.9
)


@pytest.mark.parametrize(("low", "said"), [(1.2, ("1.50 times as slow as float32",)), (1.05, ())])
def test_only_what_is_surely_slower_says_so(low: float, said: tuple[str, ...]) -> None:
    integers = replace(WHOLE, precision="int8", p50_ms=1.5, low_ms=low, high_ms=1.8)
    assert with_slower_said([WHOLE, integers])[1].notes == said
    other = replace(integers, threads=2)
    assert with_slower_said([WHOLE, other])[1].notes == (), "other threads are another question"


def test_the_fastest_that_is_about_as_accurate_is_advised() -> None:
    quick = replace(WHOLE, target="c", precision="int8", p50_ms=0.1, size=1000, top1=0.8)
    good = replace(WHOLE, precision="int8", p50_ms=0.5, size=1100, top1=0.895, noise=("busy",))
    eager = replace(WHOLE, target=EAGER, p50_ms=0.01, size=1)
    failed = replace(WHOLE, reason="no compiler", p50_ms=None)
    first, second = advice([quick, good, eager, failed, WHOLE])
    assert first.startswith("fastest: onnx int8 on 1 thread, 0.5 ms, within a point of the best accuracy")
    assert first.endswith("(its times are noisy)")
    assert second == "smallest: onnx int8, 1,100 bytes, within a point of the best accuracy"
    unknown = [replace(row, top1=None) for row in (quick, WHOLE)]
    assert advice(unknown)[0] == "fastest: c int8 on 1 thread, 0.1 ms"
    assert advice([failed, eager]) == ()
