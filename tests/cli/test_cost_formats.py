"""featherbone cost in every format and as a gate; featherbone compare of costs that were kept."""

import csv
import io
import json

import pytest

from featherbone.graph import image, to_json


def test_the_table_has_bytes_intensity_and_fits(featherbone):
    text = featherbone("cost", "mobilenet_v2").out
    assert "MACs/byte" in text
    assert "58.8 MiB" in text
    for arguments in (("--operators",), ("--depth", "2"), ("--columns", "what,reads,writes,macs,field,jump")):
        for name in ("inception_v3", "mobilenet_v2"):
            assert max(map(len, featherbone("cost", name, *arguments).out.splitlines())) <= 100, (name, arguments)


def test_no_digit_is_lost_in_a_narrow_terminal(featherbone, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert "58,103,808" in featherbone("cost", "mobilenet_v2").out


def test_sorted_lines_come_largest_first(featherbone):
    rows = json.loads(featherbone("cost", "mobilenet_v2", "--json", "--sort", "intensity").out)["rows"]
    found = [row["intensity"] or 0 for row in rows]
    assert found == sorted(found, reverse=True)


def test_json_has_its_schema_and_two_spellings(featherbone):
    document = json.loads(featherbone("cost", "mobilenet_v2", "--json").out)
    assert (document["schema"], document["version"], document["complete"]) == ("featherbone-cost", 1, True)
    assert document == json.loads(featherbone("cost", "mobilenet_v2", "--format", "json").out)


def test_csv_and_markdown_come_without_decoration(featherbone):
    rows = list(csv.DictReader(io.StringIO(featherbone("cost", "mobilenet_v2", "--format", "csv").out)))
    assert sum(int(row["macs"]) for row in rows) == 300_774_272
    assert featherbone("cost", "mobilenet_v2", "--format", "markdown").out.startswith("| name | writes |")


def test_a_page_holds_its_figures_and_no_link(featherbone, tmp_path):
    pytest.importorskip("plotly")
    path = tmp_path / "cost.html"
    assert featherbone("cost", "mobilenet_v2", "--format", "html", "--out", path).code == 0
    page = path.read_text(encoding="utf-8")
    assert '<script src="' not in page
    figures = page.split('data-plot="plot-treemap">')[1].split("</script>")[0]
    (trace,) = json.loads(figures)["data"]
    sums = dict(zip(trace["ids"], trace["values"], strict=True))
    assert sums["/"] == 300_774_272
    for scope in set(trace["parents"]) - {""}:
        assert sums[scope] == sum(
            value for name, value in sums.items() if trace["parents"][trace["ids"].index(name)] == scope
        )


def test_a_name_in_the_page_is_text(featherbone, tmp_path):
    pytest.importorskip("plotly")
    path = tmp_path / "net.json"
    path.write_text(
        to_json(image(1, 8).opaque("<script>alert(1)</script>", (1, 8, 8)).graph("<script>alert(2)</script>"))
    )
    featherbone("cost", path, "--format", "html", "--out", tmp_path / "cost.html")
    assert "<script>alert" not in (tmp_path / "cost.html").read_text(encoding="utf-8")


def test_the_gate_opens_and_closes(featherbone):
    fits = featherbone("cost", "mobilenet_v2", "--budget", "macs<301M, params <= 4M peak-memory<6MiB activations<10M")
    assert fits.code == 0
    assert len(fits.out.splitlines()) == 1
    broken = featherbone("cost", "mobilenet_v2", "--budget", "macs<300M params<4M peak-memory<2MiB size<14MB")
    assert broken.code == 1
    assert [line.split(":")[1].strip() for line in broken.out.splitlines()] == ["macs", "peak-memory", "size"]


def test_the_gate_is_exact_at_its_bound(featherbone):
    assert featherbone("cost", "mobilenet_v2", "--budget", "macs<=300774272").code == 0
    assert featherbone("cost", "mobilenet_v2", "--budget", "macs<300774272").code == 1
    assert "300,774,272" in featherbone("cost", "mobilenet_v2", "--budget", "macs<300774271").out


def test_the_gate_in_json(featherbone):
    ended = featherbone("cost", "mobilenet_v2", "--budget", "macs<300M params<4M", "--json")
    document = json.loads(ended.out)
    assert ended.code == 1
    assert [(limit["what"], limit["holds"]) for limit in document["limits"]] == [("macs", False), ("params", True)]


def test_what_is_not_counted_does_not_fit(featherbone, tmp_path):
    path = tmp_path / "net.json"
    path.write_text(to_json(image(1, 8).opaque("fft", (1, 8, 8)).graph("partial")))
    ended = featherbone("cost", path, "--budget", "macs<300M")
    assert ended.code == 1
    assert "at least 0" in ended.out
    assert "1 operator is not counted (fft)" in ended.out


@pytest.fixture
def two_files(featherbone, tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(featherbone("cost", "mobilenet_v2", "--json").out)
    new.write_text(featherbone("cost", "mobilenet_v2:classes=10", "--json").out)
    return old, new


def test_kept_costs_are_compared_row_by_row(featherbone, two_files):
    _, second = json.loads(featherbone("compare", *two_files, "--json").out)
    assert second["params"]["difference"] == -1_268_190
    assert [(row["name"], row["change"]) for row in second["rows"]] == [("head.classifier", "changed")]
    text = featherbone("compare", *two_files).out
    assert "-1,267,200" in text
    assert "1 changed" in text
    assert "every row is the same" in featherbone("compare", two_files[0], "mobilenet_v2").out


def test_rows_come_and_go(featherbone, two_files):
    _, other = json.loads(featherbone("compare", two_files[0], "vgg11", "--json").out)
    changes = {row["change"] for row in other["rows"]}
    assert {"added", "removed"} <= changes
    assert sum(row["params"] for row in other["rows"]) == other["params"]["difference"]


def test_a_graph_file_is_still_a_network(featherbone, two_files, tmp_path):
    from featherbone.networks import network

    path = tmp_path / "graph.json"
    path.write_text(to_json(network("mobilenet_v2")))
    assert "every row is the same" in featherbone("compare", two_files[0], path).out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "version 2 of the costs; this featherbone reads 1"),
        ({"rows": 3}, "rows is 3, which is no cost"),
        ({"rows": [{"name": "a"}]}, "output of a is None"),
        ({"totals": {"params": True}}, "total params is True"),
        ({"convention": "ours"}, "convention is papers in one, ours in the other"),
    ],
)
def test_damaged_costs_end_in_one_sentence(featherbone, two_files, change, said):
    old, new = two_files
    new.write_text(json.dumps(json.loads(new.read_text()) | change))
    ended = featherbone("compare", old, new)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "yaml"), "unknown format 'yaml'"),
        (("--format", "html"), "a page of HTML is large"),
        (("--out", "x.txt"), "a table for the terminal is not written to a file"),
        (("--format", "csv", "--json"), "--json and --format csv cannot both hold"),
        (("--columns", "flop"), "there is no column 'flop'"),
        (("--columns", "reads,what,writes,params,macs,activations,bytes,intensity,field,jump"), "characters more than"),
        (("--sort", "size"), "cannot sort by 'size'"),
        (("--depth", "1", "--operators"), "--depth folds operators and --operators does not"),
        (("--budget", ""), "the budget is empty"),
        (("--budget", "macs"), "'macs' in the budget is no limit"),
        (("--budget", "macs<300M 4M"), "'4M' in the budget is no limit"),
        (("--budget", "flops<3M"), "no limit can be set on 'flops'"),
        (("--budget", "peak-memory<2M"), "2MB is 2,000,000 bytes, 2MiB is 2,097,152"),
        (("--budget", "macs<300m"), "m is a thousandth, M is a million"),
        (("--budget", "latency<10"), "has no unit"),
        (("--budget", "macs<3M", "--format", "csv"), "--budget answers in lines or in JSON"),
    ],
)
def test_mistakes_end_in_one_sentence(featherbone, arguments, said):
    ended = featherbone("cost", "mobilenet_v2", *arguments)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert said in ended.err
