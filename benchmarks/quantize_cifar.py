"""ResNet-20 and ResNet-56 on CIFAR-10 in integers by ``featherbone quantize``, without labels and without training.

    python benchmarks/quantize_cifar.py --data cifar10.zip --weights FOLDER --out runs [--only resnet20-int8]

The weights are those of ``cifar_weights.py``, as ``cifar10_resnet20.safetensors`` in the folder. Each row is one run of
the command, in a folder of its own below ``--out``; a run that was stopped goes on, and a finished one is only told of.
512 training images without their labels choose ranges and integers. The accuracy is that of the whole test split. One
core.
"""

from __future__ import annotations

import argparse
import zipfile
from dataclasses import replace
from pathlib import Path

import torch
from machine import describe

import featherbone
from featherbone.job import QuantizeRequest, run_quantize
from featherbone.nn import save_model
from featherbone.run_file import read_record
from featherbone.run_record import RunRecord

ROWS = {  # network, bits of weights, maps
    "resnet20-int8": ("resnet20", 8, "8"),
    "resnet56-int8": ("resnet56", 8, "8"),
    "resnet20-4-bits": ("resnet20", 4, "float"),
    "resnet20-3-bits": ("resnet20", 3, "float"),
    "resnet20-2-bits": ("resnet20", 2, "float"),
    "resnet20-4-bits-int8-maps": ("resnet20", 4, "8"),
}
ANY_DROP = 100.0  # points: all of it is shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="the folder that holds them")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--only", choices=ROWS, action="append")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "onnxruntime", "numpy"))
    columns = f"{'float':>9}{'integers':>11}{'change':>9}{'weights':>11}{'maps':>11}{'chosen in':>11}"
    print(f"\n{'':28}{columns}  in ONNX Runtime")
    for name in given.only or ROWS:
        network, weights, maps = ROWS[name]
        request = QuantizeRequest(
            model=str(model_file(network, given.weights, given.data, given.out)),
            source=given.data,
            weights=weights,
            maps=maps,
            max_drop=ANY_DROP,
            out=given.out / name,
        )
        record = read_record(run_quantize(request))
        assert record is not None, "the run has just been finished"
        print(row(name, record), flush=True)


def model_file(network: str, weights: Path, data: Path, out: Path) -> Path:
    """The published weights as a model file with the names of the classes, which are the folders of the data."""
    path = out / f"cifar_{network}.safetensors"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(data) as archive:
            classes = {name.split("/")[2] for name in archive.namelist() if name.count("/") > 2}
        loaded = featherbone.load(f"cifar_{network}", weights / f"cifar10_{network}.safetensors")
        save_model(path, replace(loaded, classes=tuple(sorted(classes))))
    return path


def row(name: str, record: RunRecord) -> str:
    """A line of a run: top-1 before and after, sizes in kB, seconds of choosing, milliseconds before and after."""
    assert record.integers is not None
    before, after = record.compared
    sizes = f"{record.integers.weight_bytes / 1e3:8.1f} kB{record.integers.map_bytes / 1e3:8.1f} kB"
    times = ", ".join(f"{each.precision} {each.ms:.3f} ms{' (noisy)' * bool(each.noise)}" for each in record.speeds)
    floats = f"  left in float: {', '.join(record.integers.float_layers)}" if record.integers.float_layers else ""
    return (
        f"{name:28}{100 * before.test_top1:7.2f} %{100 * after.test_top1:9.2f} %"
        f"{100 * (after.test_top1 - before.test_top1):+9.2f}{sizes}{record.integers.seconds:9.0f} s  {times}{floats}"
    )


if __name__ == "__main__":
    main()
