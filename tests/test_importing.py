"""What a person may name, and the sentence for each thing that cannot be read."""

import random
import subprocess
import sys

import pytest
import torch
from import_models import Unet

import featherbone
from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import from_json, to_json
from featherbone.importing import ImportedWarning, read, read_model
from featherbone.networks import network
from featherbone.nn import Model, Preprocessing, module, save_model, weights_of

SOURCE = """
import torch
from torch import nn
from beside import WIDTH

def tiny(width=1.0, classes=10):
    rates = [rate.item() for rate in torch.linspace(0, 0.1, 3)]
    return nn.Sequential(nn.Conv2d(3, int(WIDTH * width), 3), nn.Dropout(rates[1]))

def looks():
    weight = torch.zeros(3)
    if weight.sum().item() == 0:
        return nn.Conv2d(3, 4, 1)

def broken():
    raise RuntimeError("no such luck")

class Kept(nn.Conv2d):
    def forward(self, image):
        return super().forward(image).flatten().nonzero()

def kept():
    return Kept(3, 4, 1)

class Two(nn.Module):
    def forward(self, left, right):
        return left + right

ready = nn.Conv2d(3, 5, 1)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mymodels.py").write_text(SOURCE)
    (tmp_path / "beside.py").write_text("WIDTH = 16\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ("mymodels", "beside"):
        sys.modules.pop(name, None)


def test_functions_in_files_and_modules(folder):
    assert count(read_model("mymodels.py:tiny", (3, 8, 8))).params == 16 * 28
    assert count(read_model("mymodels.py:tiny(width=0.5, classes=3)", (3, 8, 8))).params == 8 * 28
    assert count(read_model(f"{folder}/mymodels.py:tiny(0.25)", (3, 8, 8))).params == 4 * 28
    assert count(read_model("mymodels:tiny", (3, 8, 8))).params == 16 * 28
    assert count(read_model("mymodels.py:ready")).params == 20
    assert read_model("mymodels.py:Two", [(3, 4), (3, 4)]).output_shape == (3, 4)
    assert read_model("mymodels.py:Two", inputs=[(3, 4), torch.zeros(1, 3, 4)]).output_shape == (3, 4)


def test_a_model_whose_code_looks_at_values_is_built_again_with_weights_and_says_so(folder):
    found = read("mymodels.py:kept", (3, 8, 8))
    assert count(found.graph).macs == 3 * 4 * 64
    assert found.warnings[0] == "kept was built with its weights, as its code looks at values"
    assert "so it was run on real tensors" in found.warnings[1]
    with pytest.raises(FeatherboneError, match="channels") as caught:
        read("mymodels.py:kept", (2, 8, 8))
    assert "meta" not in str(caught.value)


def test_a_function_that_needs_values_is_built_with_weights_and_says_so(folder):
    with pytest.warns(ImportedWarning, match="weights .* were allocated|so they were allocated"):
        assert count(read_model("mymodels.py:looks")).params == 16


@pytest.mark.parametrize(
    ("target", "sentence", "hint"),
    [
        ("mymodel.py:tiny", "there is no file", "did you mean mymodels.py?"),
        ("mymodels.py:tinny", "has no 'tinny'", "did you mean tiny?"),
        ("mymodelz:tiny", "there is no module", "did you mean mymodels?"),
        ("torch.nnn:Linear", "there is no module", "did you mean torch.nn?"),
        ("mymodels.py:broken", "fails: RuntimeError: no such luck", "plain values"),
        ("mymodels.py:tiny(width=open('x'))", "are not plain values", "numbers, text"),
        ("mymodels.py:tiny(*[1])", "are not plain values", "numbers, text"),
        ("mymodels.py:tiny(size=3)", "unexpected keyword argument", "plain values"),
        ("mymodels.py:Two", "takes 2 inputs", "inputs=(left, right,)"),
        ("mymodels.py", "is Python", "mymodels.py:FUNCTION"),
        ("model.pt", "may hold a pickle", "torch.export.save"),
        ("missing.onnx", "there is no file", "check the path"),
        ("mobilenet_v9", "unknown network", "did you mean"),
        ("mobilenet_v2:widht=1.0", "no setting", "did you mean width?"),
    ],
)
def test_what_cannot_be_read(folder, target, sentence, hint):
    with pytest.raises(FeatherboneError) as caught:
        read_model(target)
    assert sentence in caught.value.sentence
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("import sys; sys.exit(2)", "fails when it is imported: SystemExit: 2"),
        ("import sys\ndef build(): sys.exit('no weights')", "fails: SystemExit: no weights"),
        (
            "import sys, torch\nclass build(torch.nn.Module):\n    def forward(self, x): sys.exit(3)",
            "it ends Python with 3",
        ),
    ],
    ids=["imported", "called", "run"],
)
def test_a_script_that_ends_python_is_told(tmp_path, script, sentence):
    (tmp_path / "script.py").write_text(script)
    with pytest.raises(FeatherboneError, match=sentence):
        read(f"{tmp_path}/script.py:build")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.onnx", b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        ("m.pt2", b"<!DOCTYPE html>", "is a page of HTML or XML"),
        ("m.onnx", b"PK\x03\x04", "is a zip archive"),
        ("m.onnx", b"\x1f\x8b\x08", "is compressed by gzip"),
        ("m.h5", b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
        ("m.tflite", b"\x1c\0\0\0TFL3", "is a TensorFlow Lite model"),
        ("m.mlmodel", b"\x08\x04", "is a file of a kind that no network is read from"),
    ],
)
def test_files_of_other_kinds_are_named(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FeatherboneError, match=said):
        read(tmp_path / name)


def test_files_of_ours(tmp_path):
    graph = network("mlperf_tiny_resnet8")
    (tmp_path / "graph.json").write_text(to_json(graph))
    assert read_model(tmp_path / "graph.json") == graph
    preprocessing = Preprocessing(resolution=32, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)
    classes = tuple(map(str, range(graph.output_shape[0])))
    weights = weights_of(module(graph, seed=0))
    save_model(
        tmp_path / "model.safetensors",
        Model(graph=graph, weights=weights, classes=classes, preprocessing=preprocessing),
    )
    assert read_model(str(tmp_path / "model.safetensors")) == graph
    with pytest.raises(FeatherboneError, match="says itself what it takes"):
        read_model(tmp_path / "graph.json", (3, 8, 8))


def test_a_module_and_its_profile():
    cost = featherbone.profile(Unet(), (1, 32, 32))
    assert cost.complete
    assert cost.graph.name == "Unet"
    assert read(Unet(), (1, 32, 32)).warnings == ()
    with pytest.raises(FeatherboneError, match="both given"):
        featherbone.profile(Unet(), (1, 32, 32), inputs=[(1, 32, 32)])


def test_networks_of_the_zoo_need_no_torch():
    code = "import sys, featherbone; featherbone.read_model('mobilenet_v2'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_module_needs_no_onnx():
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "import featherbone, torch; assert featherbone.profile(torch.nn.Linear(3, 2), (3,)).macs == 6"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_graph_text_changed_at_random_ends_in_sentences():
    draw, text = random.Random(0), to_json(network("mlperf_tiny_resnet8"))
    for _ in range(400):
        data = bytearray(text, "utf-8")
        for _ in range(draw.randrange(1, 4)):
            data[draw.randrange(len(data))] = draw.choice(b'0123456789"{}[],:-e.')
        try:
            from_json(data.decode("utf-8", "replace"))
        except FeatherboneError as error:
            assert len(str(error)) < 1000  # noqa: PT017 - the only error allowed, and short
    with pytest.raises(FeatherboneError) as caught:
        from_json(text.replace('"relu"', f'"{"s" * 5000}"', 1))
    assert len(caught.value.sentence) < 1000


def test_shared_weights_in_text():
    text = (
        '{"format": "featherbone-graph", "version": 1, "name": "g", "outputs": ["b"], "nodes": ['
        '{"name": "x", "op": "input", "inputs": [], "shape": [4]},'
        '{"name": "a", "op": "linear", "inputs": ["x"], "out_features": 4},'
        '{"name": "b", "op": "linear", "inputs": ["a"], "shares": "a", "out_features": 4}]}'
    )
    graph = from_json(text)
    assert from_json(to_json(graph)) == graph
    assert list(graph.parameters()) == ["a.weight", "a.bias"]
    assert (count(graph).params, count(graph).macs) == (20, 32)
    for wrong in ('"shares": "x"', '"shares": "b"', '"shares": "nobody"', '"shares": 3', '"shares": ""'):
        with pytest.raises(FeatherboneError, match="share"):
            from_json(text.replace('"shares": "a"', wrong))
    with pytest.raises(FeatherboneError, match="differ in names or shapes"):
        from_json(text.replace('"shares": "a", "out_features": 4', '"shares": "a", "out_features": 5'))
