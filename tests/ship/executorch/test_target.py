"""ExecuTorch promises float32, and keeps it where its runtime is installed."""

from dataclasses import replace

import pytest

from featherbone.errors import FeatherboneError
from featherbone.ship.executorch.target import TARGET
from featherbone.ship.reference import verify_target
from featherbone.ship.target import ExportForm


def test_what_it_does_not_hold_is_refused(named):
    for precision in ("int8", "float16"):
        with pytest.raises(FeatherboneError, match=f"executorch can't hold {precision}; it holds float32"):
            TARGET.require_holds(named("plain"), ExportForm(precision=precision))


def test_without_it_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr("featherbone.ship.target.find_spec", lambda name: None)
    with pytest.raises(FeatherboneError, match=r"not installed \(pip install 'featherbone\[executorch\]'\)"):
        TARGET.require_installed()


@pytest.mark.long
@pytest.mark.parametrize("given", ["tensor", "image"])
@pytest.mark.filterwarnings("ignore")  # of the packages that ExecuTorch imports
def test_a_file_keeps_its_promise_and_one_of_another_network_does_not(named, images, tmp_path, given):
    pytest.importorskip("executorch", reason="ExecuTorch is not installed: pip install 'featherbone[executorch]'")
    model, form = named("excited"), ExportForm(input=given)
    file = tmp_path / TARGET.write(model, tmp_path, form)[0]
    found = verify_target(TARGET, model, file, form, images)
    assert found.passed, found.reason
    weights = {key: tensor.clone() for key, tensor in model.weights.items()}
    weights["classify.weight"][0, 0] += 0.1
    assert not verify_target(TARGET, replace(model, weights=weights), file, form, images).passed


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_such_file_is_refused(tmp_path):
    pytest.importorskip("executorch", reason="ExecuTorch is not installed: pip install 'featherbone[executorch]'")
    (tmp_path / "model.pte").write_bytes(b"no program")
    with pytest.raises(FeatherboneError, match=r"model\.pte does not run"):
        TARGET.open(tmp_path / "model.pte", ExportForm(), 1)
