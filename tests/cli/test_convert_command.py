"""``featherbone convert`` from the shell: what was decided is printed, and the file is one that predict takes."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from featherbone.graph import image, to_json


def test_it_writes_a_model_that_predicts(featherbone, tmp_path):
    (tmp_path / "net.json").write_text(to_json(image(3, 8).flatten().linear(2).graph("tiny")))
    save_file(nn.Sequential(nn.Flatten(), nn.Linear(192, 2)).state_dict(), tmp_path / "w.safetensors")
    (tmp_path / "names").write_text("cat\ndog\n")
    asked = ("convert", tmp_path / "net.json", "--weights", tmp_path / "w.safetensors", "--classes", tmp_path / "names")
    out = tmp_path / "m.safetensors"
    ended = featherbone(*asked, "--out", out, "--mean", "0.5", "--std", "0.5")
    assert ended.code == 0
    assert "tiny: 386 parameters, 384 multiply-adds, 2 classes (cat, dog)" in ended.out
    assert "takes 3×8×8, the whole shorter side, bilinear; mean 0.5, 0.5, 0.5" in ended.out
    assert str(out) in ended.out
    facts = json.loads(featherbone(*asked, "--out", out, "--json").out)
    assert (facts["model"], facts["network"], facts["classes"]) == (str(out), "tiny", ["cat", "dog"])
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(tmp_path / "black.png")
    assert "%" in featherbone("predict", out, tmp_path / "black.png").out
    refused = featherbone(*asked, "--out", tmp_path / "m.onnx")
    assert refused.code == 2
    assert refused.err.startswith("error: --out is")
