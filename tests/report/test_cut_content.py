from dataclasses import replace

from featherbone.cut_record import ComparedRecord, CutRecord, MendedRecord, WidthRecord
from featherbone.report.cut_content import cut_content, no_faster
from featherbone.run_record import RunRecord

UNCUT = ComparedRecord(
    name="uncut",
    params=853_018,
    macs=125_485_696,
    peak_memory=196_608,
    file_bytes=3_482_048,
    latency_ms=4.0,
    test_top1=0.9339,
    test_top1_standard_error=0.0025,
)
TAUGHT = replace(UNCUT, name="taught", macs=62_700_000, latency_ms=2.5, test_top1=0.921)


def test_networks_stand_beside_each_other_in_words() -> None:
    content = cut_content(RunRecord(job="prune", result=None, compared=(UNCUT, replace(TAUGHT, latency_ms=None))))
    before, after = content["compared"]["rows"]
    assert (before["name"], before["top1"]) == ("uncut", "93.4 %")
    assert len(before["amounts"]) == len(content["compared"]["names"])
    assert before["amounts"][0] == "125.5 M"
    assert after["amounts"][-1] == "–"
    assert content["cut"] is None


def test_a_cut_names_its_worst_layer_and_what_was_left() -> None:
    cut = CutRecord(
        widths=(WidthRecord(layer="stem", before=16, after=12),),
        mended=(MendedRecord(layer="a", before=0.5, after=0.1), MendedRecord(layer="b", before=0.6, after=0.4)),
        left=(("c", "its weights are used at several places"),),
        loss=0.01,
        seconds=9.0,
    )
    content = cut_content(RunRecord(job="prune", result=None, cut=cut))["cut"]
    assert content["worst"] == 0.4
    assert content["left"] == cut.left


def test_a_training_shows_none_of_it() -> None:
    assert cut_content(RunRecord(job="train", result=None)) == {"compared": None, "cut": None}


def test_what_is_faster_is_not_excused() -> None:
    assert no_faster((UNCUT, TAUGHT)) == ""
    assert no_faster((UNCUT, replace(TAUGHT, latency_ms=None))) == ""
    slower = no_faster((UNCUT, replace(TAUGHT, latency_ms=3.9)))
    assert slower == "The cut brings no speed here: 3.9 ms in place of 4 ms, for 50 % of the multiply-adds."
