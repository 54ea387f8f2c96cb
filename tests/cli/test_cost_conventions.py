"""featherbone cost --convention and --explain."""

import json

import pytest

from featherbone.cost import CONVENTIONS


def test_a_convention_is_counted_and_named(featherbone):
    text = featherbone("cost", "resnet50", "--convention", "thop").out
    assert "4,133,742,592" in text
    assert "by the convention 'thop'" in text
    document = json.loads(featherbone("cost", "resnet50", "--convention", "torchinfo", "--json").out)
    assert document["totals"]["macs"] == 4_089_238_376
    assert document["convention"] == "torchinfo"


def test_a_network_is_compared_by_the_convention_of_the_kept_costs(featherbone, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text(featherbone("cost", "squeezenet1_1", "--convention", "fvcore", "--json").out)
    ended = featherbone("compare", kept, "squeezenet1_1")
    assert ended.code == 0
    assert "every row is the same" in ended.out


def test_the_gate_counts_by_the_convention(featherbone):
    assert featherbone("cost", "resnet50", "--budget", "macs<4.1G").code == 0
    assert featherbone("cost", "resnet50", "--budget", "macs<4.1G", "--convention", "fvcore").code == 1


@pytest.mark.parametrize("name", ["inception_v3", "regnety_400mf", "senet154"])
def test_explain_shows_every_convention_in_100_columns(featherbone, name):
    text = featherbone("cost", name, "--explain").out
    assert max(map(len, text.splitlines())) <= 100
    assert all(convention in text for convention in CONVENTIONS)


def test_explained_parts_add_up(featherbone):
    found = json.loads(featherbone("cost", "mobilenet_v2", "--explain", "--json").out)
    assert [each["convention"] for each in found["conventions"]] == list(CONVENTIONS)
    for each in found["conventions"]:
        assert each["macs"] == 300_774_272 + sum(part["macs"] for part in each["parts"])
    assert found["uncounted"] == []


def test_a_module_from_a_file_is_looked_at(featherbone, tmp_path):
    (tmp_path / "written.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 8, 3, padding=1)\n"
        "    def forward(self, x):\n"
        "        return torch.fft.fft(nn.functional.relu(self.conv(x)))\n"
    )
    text = featherbone("cost", f"{tmp_path}/written.py:Net", "--explain").out
    once = f"{8 * 224 * 224:+,}"
    assert [line.split()[0] for line in text.splitlines() if once in line and "relu" in line] == ["relu"]
    assert "Every layer is taken for a module" not in text
    assert "partial: 1 operators not counted (fft" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--convention", "thob"), "unknown convention 'thob'"),
        (("--explain", "--convention", "thop"), "leave out other options"),
        (("--explain", "--depth", "2"), "leave out other options"),
        (("--explain", "--format", "csv"), "leave out other options"),
    ],
)
def test_what_is_refused(featherbone, arguments, said):
    done = featherbone("cost", "resnet18", *arguments)
    assert done.code != 0
    assert said in done.err


def test_figures_that_depend_on_the_device_are_spoken_of(featherbone, tmp_path):
    (tmp_path / "attends.py").write_text(
        "from torch import nn\ndef net():\n    return nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)\n"
    )
    target = (f"{tmp_path}/attends.py:net", "--input", "12x32", "--explain")
    said = json.loads(featherbone("cost", *target, "--json").out)["note"]
    assert "as on a CPU" in said
    assert "9,216 more" in said
    assert "as on a CPU" in featherbone("cost", *target).out
    assert json.loads(featherbone("cost", "resnet18", "--explain", "--json").out)["note"] == ""
