"""A setting is a value that prints, parses back, and refuses what no machine can do."""

from __future__ import annotations

import itertools

import pytest

from featherbone.errors import FeatherboneError
from featherbone.train.machine.setting import PRECISIONS, Setting

ALL = [
    Setting(channels_last=last, precision=precision, compiled=compiled, threads=threads)
    for last, precision, compiled, threads in itertools.product((True, False), PRECISIONS, (True, False), (0, 1, 8))
]


def test_settings_go_through_json_and_read_differently() -> None:
    assert [Setting.from_json(setting.to_json()) for setting in ALL] == ALL
    assert len({str(setting) for setting in ALL}) == len(ALL)


def test_settings_are_read_as_they_are_written_and_in_part() -> None:
    assert [Setting.parse(str(setting)) for setting in ALL] == ALL
    assert Setting.parse(" fused,NCHW ") == Setting(channels_last=False, fused=True)
    assert Setting.parse("2 threads") == Setting(threads=2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the setting '' says nothing"),
        (" , ", "says nothing"),
        ("float31", "a setting has no word 'float31'"),
        ("0 threads", "has no word '0 threads'"),
        ("bfloat16 fused", "has no word 'bfloat16 fused'"),
        ("NCHW, channels_last", "says channels_last twice"),
        ("1 thread, 2 threads", "says threads twice"),
    ],
)
def test_words_that_make_no_setting_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(FeatherboneError, match=sentence) as caught:
        Setting.parse(text)
    assert "words divided by commas: channels_last or NCHW; float32" in caught.value.hint


def test_a_missing_field_has_its_default() -> None:
    assert Setting.from_dict({}) == Setting()
    assert Setting.from_json('{"precision": "bfloat16"}') == Setting(precision="bfloat16")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"precision": "bfloat"}', "precision is 'bfloat'; known: float32, bfloat16, float16"),
        ('{"threads": -1}', "threads is -1; it must be 0 or more"),
        ('{"threads": true}', "setting.threads is True; it must be a whole number"),
        ('{"compiled": 1}', "setting.compiled is 1; it must be true or false"),
        ('{"thread": 1}', "setting has no field 'thread'"),
        ("[1]", r"setting is \[1\]; it must be an object"),
        ("{", "the setting is not JSON"),
    ],
)
def test_what_is_no_setting_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(FeatherboneError, match=sentence):
        Setting.from_json(text)
