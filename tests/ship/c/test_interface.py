"""The program in the written file classifies an image, whatever its classes are called."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from c_code import STRICT, built, has_compiler, written

from featherbone.graph import image
from featherbone.nn import Model, Preprocessing, module, weights_of
from featherbone.ship.c import to_c

pytestmark = pytest.mark.skipif(not has_compiler, reason="there is no gcc here")
HOSTILE = ('a "quoted" \\ name', "two\nlines */ // ??/", "%s%n Käse")


def test_a_program_with_hostile_class_names(tmp_path):
    graph = image(3, 4).flatten().linear(3, name="int").graph("ma*/in\n??/")
    seen = Preprocessing(resolution=4, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    weights = weights_of(module(graph, seed=0))
    model = Model(graph=graph, weights=weights, classes=HOSTILE, preprocessing=seen)
    folder = tmp_path / "a folder's files"
    sources = to_c(model)
    program = folder / "program"
    path = written(sources, folder)
    built(["gcc", *STRICT, "-Wtrigraphs", f"-D{sources.name.upper()}_MAIN", str(path), "-o", str(program), "-lm"])
    answers = set()
    for seed in range(8):
        pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        (folder / "x.ppm").write_bytes(b"P6\n4 4\n255\n" + pixels.tobytes())
        ran = subprocess.run([program, folder / "x.ppm"], capture_output=True, check=True)
        answers.add(ran.stdout.decode().rpartition(" ")[0])
    assert answers <= set(HOSTILE)
    assert len(answers) > 1
    (folder / "bad.ppm").write_bytes(b"P6\n5 4\n255\n" + bytes(60))
    for bad in (folder / "bad.ppm", folder / "absent.ppm", folder):
        ran = subprocess.run([program, bad], capture_output=True, check=False)
        assert ran.returncode in (1, 2)
        assert ran.stderr.count(b"\n") == 1
