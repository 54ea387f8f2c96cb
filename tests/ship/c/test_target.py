"""C is a target like the others: what is written is run here, and keeps its promise."""

from __future__ import annotations

import numpy as np
import pytest
from c_code import has_compiler
from quantizing import quantized

from featherbone import FeatherboneError
from featherbone.data.batches import normalise
from featherbone.graph import image
from featherbone.nn import Model, Preprocessing, module, weights_of
from featherbone.quantize import QuantizedModel, reference
from featherbone.ship.target import ExportForm
from featherbone.ship.targets import find_target

graph = image(3, 8).conv(6, 3, stride=2, name="stem").act("silu").global_pool().flatten().linear(3).graph("tiny net")
SEEN = Preprocessing(resolution=8, channels=3, mean=(0.5, 0.4, 0.3), std=(0.25, 0.2, 0.3))
PIXELS = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)
READY = normalise(PIXELS, SEEN.mean, SEEN.std).numpy()
C = find_target("c")
compiles = pytest.mark.skipif(not has_compiler, reason="there is no gcc here")


@compiles
def test_integers_keep_their_promise_in_both_forms(tmp_path):
    model = QuantizedModel(network=quantized(graph), classes=("a", "b", "c"), preprocessing=SEEN)
    wanted = reference(model.network, READY)
    for form, batch in ((ExportForm(precision="int8"), READY), (ExportForm(precision="int8", input="image"), PIXELS)):
        C.require_holds(model, form)
        names = C.write(model, tmp_path, form)
        assert C.open is not None
        found = C.open(tmp_path / names[0], form, 1)(batch)
        promise = C.promises["int8"]
        if form.takes_images:
            assert np.allclose(found.sum(1), 1)
            assert np.allclose(np.log(found[:, :1] / found), wanted[:, :1] - wanted, atol=1e-5)
        else:
            assert promise.verdict(wanted, found, what="the C").passed
            assert np.array_equal(found, wanted)


def test_what_it_lacks_is_said_before_any_work():
    wire = image(3, 8).local_response_norm(name="lrn").global_pool().flatten().linear(2)
    graph = wire.graph("old")
    weights = weights_of(module(graph, seed=0))
    model = Model(graph=graph, weights=weights, classes=("a", "b"), preprocessing=SEEN)
    C.require_holds(model, ExportForm())
    with pytest.raises(FeatherboneError, match=r"c can't hold old in int8: C does not hold lrn"):
        C.require_holds(model, ExportForm(precision="int8"))
    with pytest.raises(FeatherboneError, match="c can't hold float16"):
        C.require_holds(model, ExportForm(precision="float16"))


@compiles
def test_a_header_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "x.c").write_text("int x;\n")
    (tmp_path / "x.h").write_text("int x;\n")
    assert C.open is not None
    with pytest.raises(FeatherboneError, match="is no header of ours"):
        C.open(tmp_path / "x.c", ExportForm(), 1)
