"""Is fine-tuning a SqueezeNet by the default recipe at least as good as a linear probe of it?

    python benchmarks/squeezenet_transfer.py --data ../shared/data/cifar10.zip [--pretrained MODEL]

SqueezeNet 1.1 has no norms and ends in a convolution, so a new last layer decides how its fine-tuning begins. A small
form of it is trained on CIFAR-10's six animals (unless ``--pretrained`` is one), and then goes over to the four
vehicles with 150 training images each: by ``featherbone train --network model.safetensors`` with nothing else asked, by
the same with only the last layer trained (``--freeze backbone``), and as a linear probe: logistic regression on the
pooled last map, whose weight decay is chosen on the validation images. All are tested on the same 4,000 images.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import torch
from machine import describe
from torch import Tensor
from torch.nn import functional

from featherbone.data import Dataset, Split, open_dataset
from featherbone.data.batches import Batching, TensorFormat, batches
from featherbone.job import train_network
from featherbone.nn import Model, load_model, module_with
from featherbone.run_file import read_facts
from featherbone.train import evaluate, start_from
from featherbone.train.transfer.parts import last_map, with_maps

NETWORK = "squeezenet1_1:small=true,base=64,increment=64"
RECIPE = """epochs = 12
batch_size = 64
optimizer = "adamw"
learning_rate = 0.001
weight_decay = 0.01
warmup_epochs = 1
clip = 5.0

[augment]
pad = 4
flip = true
"""
ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")
MOST = {("animals", "train"): 2500, ("animals", "test"): 500, ("vehicles", "train"): 150, ("vehicles", "test"): 1000}
DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cifar10.zip"))
    parser.add_argument("--pretrained", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    print(describe("torch", "numpy", "pillow"), flush=True)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        extract(arguments.data, work)
        model_file = arguments.pretrained or pretrain(work)
        model = load_model(model_file)
        print(f"pretrained  {model.graph.name}, {model.provenance.get('note', NETWORK)}", flush=True)
        for seed in range(arguments.seeds):
            compare(model, model_file, work, seed)


def compare(model: Model, model_file: Path, work: Path, seed: int) -> None:
    dataset = open_dataset(work / "vehicles", seed=seed)
    started = start_from(model, dataset, seed=seed)
    network = module_with(started.graph, started.weights)
    loss = evaluate(network, started.dataset.splits["val"], started.dataset).loss
    print(f"seed {seed}  the new last layer begins at a loss of {loss:.2f}; guessing has {math.log(4):.2f}", flush=True)
    print(f"seed {seed}  linear probe                 {100 * probe(model, dataset):.2f} %", flush=True)
    for words, options in (("only the last layer", {"freeze": "backbone"}), ("fine-tuning, nothing asked", {})):
        out = work / f"{seed} {words}"
        train_network(work / "vehicles", str(model_file), seed=seed, out=out, **options)
        result = (read_facts(out) or {})["result"]
        print(f"seed {seed}  {words:28} {100 * result['test_top1']:.2f} %  ({result['epochs']} epochs)", flush=True)


def extract(archive: Path, work: Path) -> None:
    """Some images of each class, as folders."""
    seen: Counter[tuple[str, str]] = Counter()
    with zipfile.ZipFile(archive) as file:
        for name in sorted(name for name in file.namelist() if name.endswith(".png")):
            _, split, label, image = name.split("/")
            group = "animals" if label in ANIMALS else "vehicles"
            seen[split, label] += 1
            if seen[split, label] <= MOST[group, split]:
                path = work / group / split / label / image
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read(name))


def pretrain(work: Path) -> Path:
    recipe = work / "recipe.toml"
    recipe.write_text(RECIPE)
    return train_network(work / "animals", NETWORK, recipe=str(recipe), out=work / "pretrained") / "model.safetensors"


def probe(model: Model, dataset: Dataset) -> float:
    """Test accuracy of logistic regression on the pooled last map."""
    net = module_with(with_maps(model.graph, (last_map(model.graph),)), model.weights).eval()
    features = {name: pooled(net, model, split) for name, split in dataset.splits.items()}
    mean, std = features["train"][0].mean(0), features["train"][0].std(0) + 1e-6
    scaled = {name: ((values - mean) / std, labels) for name, (values, labels) in features.items()}
    found = [(right(weights, scaled["val"]), weights) for weights in (fitted(scaled["train"], d) for d in DECAYS)]
    return right(max(found, key=lambda entry: entry[0])[1], scaled["test"])


@torch.no_grad()
def pooled(net: torch.nn.Module, model: Model, split: Split) -> tuple[Tensor, Tensor]:
    passes = batches(
        split,
        Batching(batch_size=256),
        TensorFormat(mean=model.preprocessing.mean, std=model.preprocessing.std),
        generator=torch.Generator(),
    )
    values, labels = zip(*((net(images)[1].mean(dim=(2, 3)), labels) for images, labels in passes), strict=True)
    return torch.cat(values), torch.cat(labels)


def fitted(given: tuple[Tensor, Tensor], decay: float) -> Tensor:
    values, labels = with_one(given[0]), given[1]
    weights = torch.zeros(values.shape[1], int(labels.max()) + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = functional.cross_entropy(values @ weights, labels) + decay * weights.square().sum() / 2
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weights.detach()


def right(weights: Tensor, given: tuple[Tensor, Tensor]) -> float:
    return float(((with_one(given[0]) @ weights).argmax(1) == given[1]).float().mean())


def with_one(values: Tensor) -> Tensor:
    return torch.cat([values, torch.ones(len(values), 1)], dim=1)


if __name__ == "__main__":
    main()
