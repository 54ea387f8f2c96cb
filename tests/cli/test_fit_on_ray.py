"""A whole ``fit`` on Ray with checkpoints in a storage, and everything that reads its ledger."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'featherbone[cluster]'")


def test_a_whole_fit_with_a_storage_and_its_readers(featherbone, tmp_path):
    folder, storage = tmp_path / "run", tmp_path / "storage"
    storage.mkdir()
    asked = ["fit", "digits", "--macs", "60k", "--trials", "2", "--epochs", "2", "--out", str(folder), "--json"]
    where = ["--ray", "local", "--workers", "1", "--storage", f"file://{storage}"]
    command = [sys.executable, "-m", "featherbone", *asked, *where]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr
    facts = json.loads(ended.stdout)  # and nothing of Ray's
    assert facts["result"]["verification"]["passed"]
    assert "Traceback" not in ended.stderr
    assert not list(storage.rglob("*.*"))
    assert not (folder / ".node-check").exists()
    shown = featherbone("search", "show", folder, "--json")
    assert shown.code == 0, shown.err
    assert json.loads(shown.out)["best"]["id"] == facts["result"]["trial"]
    assert featherbone("report", folder).code == 0
    assert (folder / "trials" / str(facts["result"]["trial"]) / "checkpoint.safetensors").is_file()
