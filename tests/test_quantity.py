"""Numbers with units: read strictly, both readings named where there are two."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featherbone.errors import FeatherboneError
from featherbone.quantity import format_bytes, format_count, parse_bytes, parse_count, parse_milliseconds, parse_seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("300M", 300_000_000),
        ("12.5M", 12_500_000),
        ("80k", 80_000),
        ("80K", 80_000),
        ("1G", 10**9),
        ("1_000", 1000),
        ("300,000", 300_000),
    ],
)
def test_counts(text, value):
    assert parse_count(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("512KiB", 524_288), ("512KB", 512_000), ("1.5MiB", 1_572_864), ("7B", 7), ("2GiB", 2**31)]
)
def test_bytes(text, value):
    assert parse_bytes(text) == value


@given(st.integers(1, 10**15))
def test_plain_numbers_are_themselves(value):
    assert parse_count(str(value)) == value
    assert parse_bytes(f"{value}B") == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5m", "m is a thousandth, M is a million.*write 5M"),
        ("0", "must be positive"),
        ("-3M", "must be positive"),
        ("", "is not a number"),
        ("M", "is not a number"),
        ("nan", "is not a number"),
        ("1e9", "is not a number|unknown unit"),
        ("3.5", r"not a whole number .*as in 12\.5M"),
        ("12,5M", r"two ways, as 12\.5M or as 125M"),
        ("12,500k", r"two ways, as 12\.500k or as 12500k"),
        ("12,5", r"two ways, as 12\.5 or as 125"),
        ("1,2,3M", "is not a number"),
        ("3 apples", "unknown unit 'apples'"),
    ],
)
def test_bad_counts(text, said):
    with pytest.raises(FeatherboneError, match=said):
        parse_count(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("512K", "512KB is 512,000 bytes, 512KiB is 524,288"),
        ("1M", "1MB is 1,000,000 bytes, 1MiB is 1,048,576"),
        ("100", "has no unit"),
        ("100MB/s", "is not a number"),
        ("0KiB", "must be positive"),
    ],
)
def test_bad_bytes(text, said):
    with pytest.raises(FeatherboneError, match=said):
        parse_bytes(text)


def test_readable():
    assert [format_count(value) for value in (999, 1000, 999_999, 300_774_272)] == ["999", "1.0 k", "1.0 M", "300.8 M"]
    assert [format_bytes(value) for value in (100, 2048, 3 * 2**20)] == ["100 B", "2.0 KiB", "3.0 MiB"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("30min", 1800),
        ("1.5h", 5400),
        ("1h50m", 6600),
        ("1h 2min 3.5s", 3723.5),
        ("1h90m", 9000),
        ("1h0m", 3600),
    ],
)
def test_seconds(text, value):
    assert parse_seconds(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("30m1h", "not in the order h, m, s"),
        ("10m5m", "not in the order"),
        ("10m5min", "not in the order"),
        ("1h30", "--time '1h30': '30' has no unit"),
        ("1h5x", "--time '1h5x': '5x' has the unknown unit 'x'"),
        ("5x1h", "--time '5x1h': '5x' has the unknown unit 'x'"),
        ("0h0m", "is 0h0m; it must be positive"),
        ("1h-5m", "is not a number with a unit"),
        ("m30", "is not a number with a unit"),
    ],
)
def test_times_of_several_parts_that_are_refused(text, said):
    with pytest.raises(FeatherboneError, match=said):
        parse_seconds(text, what="--time")


@pytest.mark.parametrize("parse", [parse_seconds, parse_milliseconds])
@pytest.mark.parametrize(
    ("text", "said"), [("30", "'30' has no unit"), ("5x", "unknown unit 'x'"), ("0s", "must be positive")]
)
def test_times_without_a_unit_or_a_length_are_refused(parse, text, said):
    with pytest.raises(FeatherboneError, match=said):
        parse(text, what="--time")


@pytest.mark.parametrize("parse", [parse_count, parse_bytes, parse_milliseconds, parse_seconds])
def test_a_number_of_thousands_of_digits_is_refused(parse: Callable[[str], float]) -> None:
    with pytest.raises(FeatherboneError, match="5,000 characters; a quantity has at most 100"):
        parse("1" * 5000)
