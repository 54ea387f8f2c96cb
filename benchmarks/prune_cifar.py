"""ResNet-56 on CIFAR-10 cut by ``featherbone prune``: in one shot without labels, and taught by the uncut network.

    python benchmarks/prune_cifar.py --data cifar10.zip --weights cifar10_resnet56.safetensors --out runs [--only half]

The weights are those of ``cifar_weights.py``. Each row is one run of the command, in a folder of its own below
``--out``; a run that was stopped goes on, and a finished one is only told of. The accuracy is that of the whole test
split. One core.
"""

from __future__ import annotations

import argparse
import zipfile
from dataclasses import replace
from pathlib import Path

import torch
from machine import describe

import featherbone
from featherbone.job import PruneRequest, run_prune
from featherbone.nn import save_model
from featherbone.run_file import read_record
from featherbone.run_record import RunRecord
from featherbone.search import Budget

NETWORK = "cifar_resnet56"
BUDGETS = {"fifth": 100_300_000, "half": 62_700_000, "taught": 59_400_000}  # −20 %, −50 %, and 2.11 times fewer
SECONDS = {"taught": 1200.0}
SETTING = "channels_last, bfloat16, fused, 1 thread"  # of the teaching, where the processor has it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--only", choices=BUDGETS, action="append")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "onnxruntime", "numpy"))
    model = model_file(given.weights, given.data, given.out)
    print(f"\n{'':16}{'top-1':>9}{'MACs':>10}{'parameters':>12}{'latency':>10}{'cut in':>9}{'taught in':>11}")
    for name in given.only or BUDGETS:
        request = PruneRequest(
            model=str(model),
            source=given.data,
            budget=Budget(macs=BUDGETS[name]),
            time=SECONDS.get(name),
            setting=SETTING if name in SECONDS else None,
            out=given.out / name,
        )
        record = read_record(run_prune(request))
        assert record is not None, "the run has just been finished"
        print("\n".join(rows(name, record)), flush=True)


def model_file(weights: Path, data: Path, out: Path, name: str = NETWORK) -> Path:
    """The published weights as a model file with the names of the classes, which are the folders of the data."""
    path = out / f"{name}.safetensors"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(data) as archive:
            classes = {name.split("/")[2] for name in archive.namelist() if name.count("/") > 2}
        save_model(path, replace(featherbone.load(name, weights), classes=tuple(sorted(classes))))
    return path


def rows(name: str, record: RunRecord) -> list[str]:
    """A line for each network of a run: before the cut, after it, and after teaching."""
    assert record.cut is not None
    assert record.result is not None
    lines = []
    for each in record.compared:
        cut = f"{record.cut.seconds:.0f} s" if each.name != "uncut" else ""
        taught = f"{record.result.seconds:.0f} s" if each.name == "taught" else ""
        ms = "–" if each.latency_ms is None else f"{each.latency_ms:.2f} ms"
        lines.append(
            f"{each.name if each.name != 'uncut' else name + ': uncut':16}{100 * each.test_top1:8.2f} %"
            f"{each.macs / 1e6:8.1f} M{each.params / 1e3:10.1f} k{ms:>10}{cut:>9}{taught:>11}"
        )
    return lines


if __name__ == "__main__":
    main()
