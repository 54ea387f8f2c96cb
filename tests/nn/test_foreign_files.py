"""Files of other projects: read without running their code, unwrapped, and refused in one sentence."""

from __future__ import annotations

import os
import pickle
import random
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from featherbone.errors import FeatherboneError
from featherbone.nn.foreign import read_state

STATE = {"conv.weight": torch.ones(4, 3, 1, 1), "conv.bias": torch.zeros(4)}


def test_safetensors_need_no_remark(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "w.safetensors")
    tensors, remarks = read_state(tmp_path / "w.safetensors")
    assert tensors.keys() == STATE.keys()
    assert remarks == []


@pytest.mark.parametrize("zipped", [True, False])
def test_pickles_are_read_restricted_and_say_so(tmp_path: Path, zipped: bool) -> None:
    torch.save(STATE, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    tensors, (remark,) = read_state(tmp_path / "w.pth")
    assert torch.equal(tensors["conv.weight"], STATE["conv.weight"])
    assert "w.pth is a pickle: it was read by torch's restricted unpickler" in remark


class Malicious:
    """Creates a file when it is unpickled without restriction."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.mkdir, (str(self.canary),)


def test_a_malicious_pickle_never_runs(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    bomb = Malicious(canary)
    files = {name: tmp_path / f"{name}.pth" for name in ("zip", "legacy", "bare", "inside")}
    torch.save({"w": bomb}, files["zip"])
    torch.save({"w": bomb}, files["legacy"], _use_new_zipfile_serialization=False)
    files["bare"].write_bytes(pickle.dumps(bomb))
    torch.save({"state_dict": STATE, "optimizer": bomb}, files["inside"])
    for file in files.values():
        with pytest.raises(FeatherboneError) as caught:
            read_state(file)
        assert len(str(caught.value).splitlines()) == 1
        assert not canary.exists(), f"{file.name} ran its code"
    with pytest.raises(FeatherboneError, match="it holds more than tensors, and building that would run code"):
        read_state(files["zip"])
    for file in files.values():
        with pytest.raises(FeatherboneError, match="pickles are refused"):
            read_state(file.rename(file.with_suffix(".safetensors")))
    pickle.loads(pickle.dumps(bomb))
    assert canary.exists(), "the canary is real"


def test_random_and_damaged_bytes_are_one_sentence(tmp_path: Path) -> None:
    chance = random.Random(0)
    torch.save(STATE, tmp_path / "zip.pth")
    torch.save(STATE, tmp_path / "legacy.pth", _use_new_zipfile_serialization=False)
    good = [(tmp_path / name).read_bytes() for name in ("zip.pth", "legacy.pth")]
    cases = [b"", b"P", chance.randbytes(300), b"PK" + chance.randbytes(300), b"\x80\x02" + chance.randbytes(300)]
    cases += [content[: chance.randrange(len(content))] for content in good for _ in range(40)]
    refused = 0
    for content in cases:
        file = tmp_path / "case.pth"
        file.write_bytes(content)
        with pytest.raises(FeatherboneError) as caught:
            read_state(file)
        assert len(str(caught.value).splitlines()) == 1
        refused += 1
    for content in good:
        for _ in range(60):
            damaged = bytearray(content)
            for _ in range(chance.randrange(1, 8)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            file.write_bytes(damaged)
            try:  # a flipped bit in a number is no error that anyone could see; anything else is ours
                read_state(file)
            except FeatherboneError:
                refused += 1
    assert refused > len(cases)


def test_a_zip_that_is_no_state_dict(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        archive.writestr("photo.txt", "no tensors")
    with pytest.raises(FeatherboneError, match="cannot be read as a state dict"):
        read_state(tmp_path / "w.pt")
    torch.save(torch.zeros(3), tmp_path / "tensor.pt")
    with pytest.raises(FeatherboneError, match="holds a Tensor, not a state dict"):
        read_state(tmp_path / "tensor.pt")
    torch.save({"epoch": 3, "args": {"lr": 0.1}}, tmp_path / "other.pt")
    with pytest.raises(FeatherboneError, match="holds no state dict; it has epoch, args"):
        read_state(tmp_path / "other.pt")
    with pytest.raises(FeatherboneError, match="No such file"):
        read_state(tmp_path / "absent.pt")


@pytest.mark.parametrize(
    ("wrap", "remark"),
    [
        (lambda state: {"state_dict": state, "epoch": 3}, "taken from 'state_dict'"),
        (lambda state: {"model": state, "model_ema": state}, "taken from 'model_ema'; model beside it was left"),
        (lambda state: {"model": {"state_dict": state}}, "taken from 'state_dict'"),
        (lambda state: {f"module.{name}": t for name, t in state.items()}, "the prefix 'module.' was taken off"),
        (lambda state: {**state, "epoch": 3}, "left out, being no tensors: epoch"),
    ],
)
def test_wrappers_and_prefixes_are_taken_off(tmp_path: Path, wrap: object, remark: str) -> None:
    assert callable(wrap)
    torch.save(wrap(STATE), tmp_path / "w.pth")
    tensors, remarks = read_state(tmp_path / "w.pth")
    assert tensors.keys() == STATE.keys()
    assert any(remark in said for said in remarks)


def test_averaged_weights_come_without_their_counter(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4))
    averaged = torch.optim.swa_utils.AveragedModel(model)
    torch.save(averaged.state_dict(), tmp_path / "swa.pth")
    tensors, remarks = read_state(tmp_path / "swa.pth")
    assert tensors.keys() == model.state_dict().keys()
    assert "n_averaged" in " ".join(remarks)


@pytest.mark.parametrize("kind", ["TorchScript", "torch.export"])
def test_programs_are_named_and_not_opened(tmp_path: Path, kind: str) -> None:
    model, example = torch.nn.Conv2d(3, 4, 1).eval(), torch.zeros(1, 3, 8, 8)
    path = tmp_path / "program.pt"
    if kind == "torch.export":
        with path.open("wb") as file:
            torch.export.save(torch.export.export(model, (example,)), file)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's advice to export instead
            torch.jit.save(torch.jit.trace(model, example), path)
    with pytest.raises(FeatherboneError, match=f"it is an? .*{kind}"):
        read_state(path)
