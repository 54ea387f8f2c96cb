"""Every command that reads: what it prints, in words and in JSON, and how it fails."""

import json
import os
import subprocess
import sys

import pytest

from featherbone.graph import from_json, image, to_json
from featherbone.networks import NETWORKS, network


@pytest.mark.parametrize("statement", ["import featherbone", "from featherbone.cli import main"])
def test_starting_loads_neither_torch_nor_sympy_nor_numpy(statement):
    heavy = "{'torch', 'sympy', 'numpy', 'onnx', 'plotly'}"
    subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; assert not {heavy} & set(sys.modules)"], check=True
    )


def test_python_dash_m_is_the_command():
    found = subprocess.run(
        [sys.executable, "-m", "featherbone", "--version"], capture_output=True, text=True, check=True
    )
    assert found.stdout == "featherbone 0.1.0\n"


def test_help_names_every_command(featherbone):
    ended = featherbone("--help")
    assert ended.code == 0
    for command in (
        "fit",
        "train",
        "convert",
        "predict",
        "report",
        "cost",
        "compare",
        "formula",
        "show",
        "channels",
        "networks",
        "zoo",
        "verify",
    ):
        assert f" {command} " in ended.out


def test_cost_json_has_the_promised_shape(featherbone):
    document = json.loads(featherbone("cost", "mobilenet_v2", "--json").out)
    assert document["totals"]["params"] == 3_504_872
    assert document["totals"]["macs"] == 300_774_272
    assert document["totals"]["activations"] == 6_679_112
    assert document["totals"]["peak_memory"] == document["peak_memory"]["bytes"] > 0
    assert sum(row["macs"] for row in document["rows"]) == 300_774_272


def test_cost_per_stage_and_per_operator(featherbone):
    stages = featherbone("cost", "mobilenet_v2:width=0.5,resolution=160").out
    assert "50,184,000" in stages
    assert "stage7" in stages
    assert "stage7.block1" not in stages
    assert "stage7.block1" in featherbone("cost", "mobilenet_v2", "--depth", "2").out
    assert "stage7.block1.depthwise" in featherbone("cost", "mobilenet_v2", "--operators").out


def test_tables_fit_a_hundred_columns(featherbone):
    for arguments in (
        ("cost", "mobilenet_v2", "--operators"),
        ("compare", "vgg16", "resnet50"),
        ("networks",),
        ("zoo",),
    ):
        assert max(map(len, featherbone(*arguments).out.splitlines())) <= 100, arguments


def test_int8_memory_is_a_quarter(featherbone):
    full, quarter = (
        json.loads(featherbone("cost", "mobilenet_v1", "--json", "--dtype", dtype).out)["peak_memory"]["bytes"]
        for dtype in ("float32", "int8")
    )
    assert full == 4 * quarter


def test_compare_shows_differences_from_the_first(featherbone):
    text = featherbone("compare", "mobilenet_v1", "mobilenet_v2").out
    assert "300.8 M -47%" in text
    columns = json.loads(featherbone("compare", "mobilenet_v1", "mobilenet_v2", "--json").out)
    assert columns[1]["macs"]["difference"] == 300_774_272 - columns[0]["macs"]["value"]


def test_formula_in_words_latex_and_json(featherbone):
    assert "K**2*M + M*N" in featherbone("formula", "depthwise_separable").out
    assert featherbone("formula", "depthwise_separable", "--latex").out == "K^{2} M + M N\n"
    assert json.loads(featherbone("formula", "grouped", "--json").out)["ratio"] == "1/G"
    assert "inverted_residual" in featherbone("formula").out


def test_show_prints_text_that_comes_back_and_source_that_compiles(featherbone):
    assert from_json(featherbone("show", "squeezenet", "--json").out) == network("squeezenet")
    compile(featherbone("show", "squeezenet", "--source").out, "squeezenet.py", "exec")
    assert "fire2.expand3" in featherbone("show", "squeezenet", "--operators").out
    assert "1×1, 16 → 1×1, 64 | conv 3×3, 64 → concat" in featherbone("show", "squeezenet").out
    both = featherbone("show", "squeezenet", "--json", "--source")
    assert (both.code, both.err.splitlines()[0]) == (2, "error: --source and --json print different things")


def test_a_graph_file_is_a_network(featherbone, tmp_path):
    path = tmp_path / "net.json"
    path.write_text(to_json(network("mobilenet_v2:width=0.5")))
    assert json.loads(featherbone("cost", path, "--json").out)["totals"]["params"] == 1_968_680


def test_networks_lists_all(featherbone):
    listed = {entry["network"] for entry in json.loads(featherbone("networks", "--json").out)}
    assert listed == set(NETWORKS)


def test_zoo_answers_within_limits(featherbone):
    entries = json.loads(featherbone("zoo", "--macs", "<300M", "--params", "<4M", "--sort", "top1", "--json").out)
    assert entries
    assert all(entry["macs"] < 300_000_000 and entry["params"] < 4_000_000 for entry in entries)
    assert [entry["top1"] for entry in entries] == sorted((entry["top1"] for entry in entries), reverse=True)
    assert "no published network passes" in featherbone("zoo", "--macs", "<1k").out


def test_verify_counts_and_reasons(featherbone):
    found = json.loads(featherbone("verify", "mobilenet_v1", "--json").out)
    assert sum(found["summary"].values()) == len(found["verdicts"])
    assert found["summary"]["agree"] > 20
    assert found["summary"]["erratum"] >= 5
    assert "first convolution is left out" in featherbone("verify", "mobilenet_v1").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cost", "mobilnet_v2"), "unknown network 'mobilnet_v2'"),
        (("cost", "mobilenet_v2:widht=1"), "did you mean width?"),
        (("cost", "mobilenet_v2:width=0"), "width is 0"),
        (("cost", "mobilenet_v2:width=-1"), "width is -1"),
        (("cost", "mobilenet_v2:width=nan"), "'nan'"),
        (("cost", "mobilenet_v2:resolution=1"), "resolution"),
        (("cost", "mobilenet_v2", "--dtype", "int4"), "unknown dtype 'int4'"),
        (("cost", "nowhere.json"), "nowhere.json"),
        (("cost", "nowhere.safetensors"), "nowhere.safetensors"),
        (("formula", "fyre"), "did you mean fire?"),
        (("formula", "mobilenet_v3x"), "no block or network is named"),
        (("zoo", "--macs", "<300m"), "can be read two ways"),
        (("zoo", "--sort", "speed"), "cannot sort by 'speed'"),
        (("verify", "mobilenet"), "no published row belongs to"),
        (("fit", "digits"), "a budget needs at least one limit"),
        (("fit", "digits", "--macs", "0"), "--macs is 0; it must be positive"),
        (("fit", "digits", "--macs", "-5M"), "--macs is -5M; it must be positive"),
        (("fit", "digits", "--params", "5m"), "5m' can be read two ways: m is a thousandth, M is a million"),
        (("fit", "digits", "--memory", "512K"), "512,000 bytes, 512KiB is 524,288"),
        (("fit", "digits", "--size", "100"), "has no unit"),
        (("fit", "nowhere", "--macs", "1M"), "nowhere"),
        (("predict", "nowhere.onnx", "image.png"), "there is no model file nowhere.onnx"),
        (("report", "nowhere"), "nowhere"),
    ],
)
def test_mistakes_end_in_one_sentence_and_exit_2(featherbone, arguments, said):
    ended = featherbone(*arguments)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_debug_shows_where(featherbone, monkeypatch):
    from featherbone.errors import FeatherboneError

    monkeypatch.setattr(sys, "argv", ["featherbone", "--debug", "cost", "nothing"])
    from featherbone.cli.main import run

    with pytest.raises(FeatherboneError):
        run()


def test_a_missing_extra_is_named(featherbone, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "featherbone.ship.predict":
            raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    ended = featherbone("predict", "model.onnx", "image.png")
    assert ended.code == 2
    assert "needs the package onnxruntime" in ended.err
    assert "pip install 'featherbone[fit]'" in ended.err


@pytest.mark.parametrize(
    "command", ["cost squeezenet", "cost squeezenet --json", "cost squeezenet --budget macs<1", "--version"]
)
def test_a_reader_that_left_ends_in_141_and_not_in_the_one_of_a_gate(command):
    reads, writes = os.pipe()
    os.close(reads)
    found = subprocess.run(
        [sys.executable, "-m", "featherbone", *command.split()], stdout=writes, stderr=subprocess.PIPE, text=True
    )
    os.close(writes)
    assert (found.returncode, found.stderr) == (141, "")


def test_formula_of_a_network_says_where_it_holds(featherbone):
    text = featherbone("formula", "mobilenet_v1").out
    assert "10752*I**2*alpha**2 + 1125*I**2*alpha/2 + 1024000*alpha" in text
    assert "rounded there" not in text
    assert "I=224 alpha=0.75" in featherbone("formula", "mobilenet_v2").out.partition("rounded there")[2]


def test_public_names_are_functions_whatever_was_imported_first():
    code = "import featherbone.job, featherbone as fb; assert callable(fb.fit) and callable(fb.count) and fb.Graph"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_looks_like_markup_is_printed_as_it_is(featherbone, tmp_path):
    graph = image(3, 8).opaque("a[/b]", (3, 8, 8)).conv(4, 3, name="stem").graph("[bold]net [/x]")
    path = tmp_path / "graph.json"
    path.write_text(to_json(graph))
    said = featherbone("cost", path)
    assert said.code == 0
    assert "[bold]net [/x]  input 3×8×8" in said.out
    assert "partial: 1 operators not counted (a[/b])" in said.out
    assert "[/red]" in featherbone("cost", "[/red]").err


def test_verify_lists_what_cannot_be_said_of_its_networks_and_hides_what_agrees(featherbone):
    found = json.loads(featherbone("verify", "mobilenet_v1", "--json").out)["verdicts"]
    told = [one for one in found if one["verdict"] == "can't say" and one["network"]]
    hidden = [
        one for one in found if one["verdict"] == "agree" or (one["verdict"] == "can't say" and not one["network"])
    ]
    text = featherbone("verify", "mobilenet_v1").out
    assert told
    assert all(f"    {one['network']} (" in text for one in told)
    assert f"{len(hidden)} figures that agree or belong to no network here are not listed" in text
