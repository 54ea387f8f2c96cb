"""A shell is given the names that the commands take, and quickly: no table that loads PyTorch is read."""

import subprocess
import sys

import pytest

from featherbone.cli import completion
from featherbone.cli.completion import COMPLETERS, complete_networks, complete_recipes, complete_targets
from featherbone.networks import NETWORKS
from featherbone.ship.targets import TARGETS
from featherbone.train.recipe.named import RECIPES


def asked(words: str, monkeypatch, capsys) -> list[str]:
    """What Bash is told at the end of these words."""
    from featherbone.cli.main import app

    monkeypatch.setenv("_FEATHERBONE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    with pytest.raises(SystemExit):
        app(prog_name="featherbone")
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("featherbone cost shufflenet", ["shufflenet_v1", "shufflenet_v2"]),
        ("featherbone compare vgg11 mobilenet_v4", ["mobilenet_v4_conv_small"]),
        ("featherbone train digits --network tinynet_a", ["tinynet_a"]),
        ("featherbone train digits --recipe dig", ["digits"]),
        ("featherbone fit digits --space lig", ["light"]),
        ("featherbone fit cifar10", ["cifar10", "cifar100"]),
        ("featherbone export m.safetensors digits --to onnx,op", ["onnx,openvino"]),
        ("featherbone factorize m digits --into asym", ["asymmetric"]),
        ("featherbone time vgg11 --runtime onnx", ["onnxruntime"]),
        ("featherbone formula fi", ["fire"]),
        ("featherbone cost vgg11 --convention thop", ["thop"]),
        ("featherbone cost nosuchnetwork", []),
    ],
)
def test_what_a_shell_completes(words, found, monkeypatch, capsys):
    assert asked(words, monkeypatch, capsys) == found


def test_whole_tables_are_offered():
    assert complete_recipes("") == list(RECIPES)
    assert complete_targets("") == sorted(TARGETS)
    assert complete_networks("") == list(NETWORKS)


def test_settings_of_a_network_are_offered_once():
    assert "mobilenet_v2:width=" in complete_networks("mobilenet_v2:")
    assert complete_networks("mobilenet_v2:width=0.5,w") == []
    assert complete_networks("nosuchnetwork:w") == []


def test_completing_loads_no_torch():
    quick = [each.__name__ for each in COMPLETERS.values() if each.__name__ != "complete_forms"]
    code = f"import sys\nfrom featherbone.cli import completion\n[getattr(completion, each)('') for each in {quick!r}]"
    code += "\nprint('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
    assert completion.PACKAGE.name == "featherbone"
