from pathlib import Path

import numpy as np
import torch

from featherbone.data import Dataset
from featherbone.job import PruneRequest
from featherbone.job.pruning.cut import images_of
from featherbone.job.pruning.plan import plan_pruning
from featherbone.nn import Model
from featherbone.progress import silent
from featherbone.search import Budget


def test_any_part_of_the_images_shows_all_classes(model: Model, model_file: Path, digits: Dataset) -> None:
    request = PruneRequest(model=str(model_file), source="digits", budget=Budget(macs=1000), images=400)
    images = images_of(plan_pruning(request, silent))
    split, seen = digits.splits["train"], model.preprocessing
    known = {
        np.round(image.astype(np.float64).transpose(2, 0, 1) / 255, 4).tobytes(): int(label)
        for image, label in zip(split.images, split.labels, strict=True)
    }
    pixels = (images.double() * seen.std[0] + seen.mean[0]).numpy()
    labels = [known[np.abs(np.round(each, 4)).tobytes()] for each in pixels]
    for part in (labels[:100], labels[-100:]):
        assert set(part) == set(range(10))
    assert images.shape == torch.Size([400, 1, 8, 8])
