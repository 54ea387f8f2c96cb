"""How good a network does `fit` find for photos under a tight budget, from a pretrained network and from nothing?

    python benchmarks/flowers_pretrained.py --weights efficientnet-lite0-57934424.pth [--rows small] [--from pretrained]

Three rows: five kinds of flowers within 7.5 M multiply-adds and 215 k parameters (``small``), within 58 M and 403 k
(``middle``), and within 58 M from 100 photos a kind (``hundred``), each from EfficientNet-Lite0 with its authors'
weights and from nothing, on one core. Epochs are given in place of time, so that a busy machine changes only how long
it takes; seconds are those of the processor. All are tested on the same 736 photos.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from fine_tuning import extract
from machine import describe

from featherbone.job import fit
from featherbone.progress import Event, Noticed
from featherbone.run_file import read_facts
from featherbone.search import Budget

SETTING = "channels_last, float32, fused, 1 thread"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A budget, the photos of each kind to train and validate on (0: all), the side of the photos, and the work."""

    budget: Budget
    photos: int
    side: int
    epochs: int
    trials: int = 4


ROWS = {
    "small": Row(budget=Budget(macs=7_500_000, params=215_000), photos=0, side=128, epochs=30),
    "middle": Row(budget=Budget(macs=58_000_000, params=403_000), photos=0, side=128, epochs=16),
    "hundred": Row(budget=Budget(macs=58_000_000), photos=100, side=112, epochs=24),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/flowers.zip"))
    parser.add_argument("--weights", required=True, help="what --pretrained of fit takes")
    parser.add_argument("--rows", choices=ROWS, nargs="+", default=list(ROWS))
    parser.add_argument("--from", dest="starts", choices=("pretrained", "nothing"), nargs="+")
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    print(describe("torch", "numpy", "pillow"), flush=True)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.rows:
            photos = Path(folder) / name / "flowers"
            extract(arguments.data, photos, 5 * ROWS[name].photos)
            for start in arguments.starts or ("pretrained", "nothing"):
                for seed in range(arguments.seeds):
                    asked = {"pretrained": (arguments.weights,)} if start == "pretrained" else {}
                    out = Path(folder) / name / f"{start} {seed}"
                    print(
                        f"{name:8} from {start:10} seed {seed}  {found(photos, ROWS[name], seed, out, asked)}",
                        flush=True,
                    )


def found(photos: Path, row: Row, seed: int, out: Path, asked: dict[str, Any]) -> str:
    """What a search finds, and what it took."""
    began = time.process_time()

    def tell(event: Event) -> None:
        if isinstance(event, Noticed):
            print(f"    {event.sentence}", flush=True)

    fit(
        photos,
        row.budget,
        resolution=row.side,
        epochs=row.epochs,
        trials=row.trials,
        setting=SETTING,
        seed=seed,
        out=out,
        progress=tell,
        **asked,
    )
    facts = read_facts(out) or {}
    result = facts["result"]
    uncut = [each for each in facts.get("compared") or () if each["name"].endswith("uncut")]
    beside = f", uncut {100 * uncut[0]['test_top1']:.1f} %" if uncut else ""
    return (
        f"{100 * result['test_top1']:.1f} ± {100 * result['test_top1_standard_error']:.1f} % of {result['test_count']} "
        f"photos{beside}; {result['macs']:,} multiply-adds, {result['params']:,} parameters; "
        f"{time.process_time() - began:.0f} s of one core; {result['design']}"
    )


if __name__ == "__main__":
    main()
