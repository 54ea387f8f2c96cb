"""The main job on CIFAR-10 within MLPerf Tiny's budget: 12.5 M multiply-adds and 80,000 parameters, a short schedule.

    python benchmarks/fit_cifar.py --data ../shared/data/cifar10.zip > benchmarks/results/fit_cifar.txt

The data are CIFAR-10 as ``…/{train,test}/CLASS/*.png`` in a zip archive or a folder. It takes about 20 minutes on 2
cores with nothing else to do; stopped, it goes on where it was. ResNet-8, MLPerf Tiny's network for this budget, needs
500 epochs for its 85 to 87 %: a schedule of this length is a check of the whole path, not a record.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from pathlib import Path

from machine import describe

from featherbone.job import fit
from featherbone.progress import Step, TrialBegan, TrialFailed, TrialScored
from featherbone.search import Budget, Event


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cifar10.zip"))
    parser.add_argument("--out", type=Path, default=Path("runs/cifar10"))
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(describe("featherbone", "torch", "onnxruntime"), flush=True)
    folder = fit(
        arguments.data,
        Budget(macs=12_500_000, params=80_000),
        out=arguments.out,
        seed=arguments.seed,
        trials=arguments.trials,
        epochs=arguments.epochs,
        progress=watch,
    )
    tell(folder)


def watch(event: Event) -> None:
    """What happens goes to the error stream, so that the result can be kept by itself."""
    if isinstance(event, Step | TrialBegan | TrialScored | TrialFailed):
        print(event, file=sys.stderr, flush=True)


def tell(folder: Path) -> None:
    """The trials, best first at the last rung that they reached, and the result."""
    ledger = sqlite3.connect(folder / "ledger.sqlite")
    rows = ledger.execute(
        "SELECT id, epochs, val_top1, macs, params, seconds, state, design FROM trial"
        " ORDER BY epochs DESC, val_top1 DESC, id"
    ).fetchall()
    ledger.close()
    for number, epochs, top1, macs, params, seconds, state, design in rows:
        score = f"{100 * top1:5.2f} %" if top1 is not None else "    none"
        print(
            f"{number:3} {state:7} {epochs:3} epochs  val {score}  {macs:>10,} {params:>7,}  {seconds:5.0f} s  {design}"
        )
    result = json.loads((folder / "run.json").read_text())["result"]
    check, timing = result["verification"], result["timing"]
    print(
        f"\nwinner    {result['trial']}: {result['macs']:,} multiply-adds, {result['params']:,} parameters\n"
        f"test      {100 * result['test_top1']:.2f} % ± {100 * result['test_top1_standard_error']:.2f} "
        f"of {result['test_count']:,} images\n"
        f"ONNX      largest difference {check['largest_difference']:.2g}, top-1 agrees on "
        f"{100 * check['top1_agreement']:.1f} % of {check['images']} images\n"
        f"latency   p50 {timing['p50_ms']:.3f} ms, p90 {timing['p90_ms']:.3f} ms, {timing['threads']} thread\n"
        f"training  {result['seconds']:.0f} s, all trials together"
    )


if __name__ == "__main__":
    main()
