"""What a teacher says of every image of a view: half-precision numbers, a few of many classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from featherbone.data.batches import Batching
from featherbone.errors import FeatherboneError
from featherbone.train.run.views import AugmentedView
from featherbone.train.transfer.teacher import Teacher

MANY = 128  # classes of which each keeps its own number
LARGEST = 64  # classes that keep their own number where there are more
BATCH = 64  # images that a teacher sees at once; always as many, so that its answers are the same to the bit
LOWEST = float(torch.finfo(torch.float16).min)


@dataclass(frozen=True, kw_only=True)
class TeacherAnswers:
    """The answers for N images: scores of which the largest is 0, in half precision.

    >>> answers = answers_of(torch.tensor([[1.0, 3.0, 2.0]]))
    >>> answers.rows(np.array([0, 0])).tolist()
    [[-2.0, 0.0, -1.0], [-2.0, 0.0, -1.0]]

    Softmax takes no notice of what is subtracted from all scores, and the half precision is finest near 0: where the
    teacher puts its weight. Of more than `MANY` classes the `LARGEST` keep their scores, and each other class has the
    same one, with which all others together weigh as much as they did.
    """

    scores: Tensor  # float16 (N, classes), or (N, LARGEST) of those that `places` names
    places: Tensor | None = None  # int16 or int32 (N, LARGEST), which classes; None: all, in their order
    rest: Tensor | None = None  # float16 (N,), the score of each other class
    classes: int

    def rows(self, numbers: np.ndarray) -> Tensor:
        """Scores of some images, float32 (n, classes)."""
        chosen = torch.from_numpy(numbers)
        scores = self.scores[chosen].float()
        if self.places is None or self.rest is None:
            return scores
        whole = self.rest[chosen].float()[:, None].repeat(1, self.classes)
        return whole.scatter_(1, self.places[chosen].long(), scores)

    def tensors(self) -> dict[str, Tensor]:
        """What a file keeps of them, by name."""
        parts = {"scores": self.scores, "places": self.places, "rest": self.rest}
        return {name: tensor for name, tensor in parts.items() if tensor is not None}


def form_of(count: int, classes: int) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Shape and type of each tensor of the answers for so many images."""
    if classes <= MANY:
        return {"scores": ((count, classes), torch.float16)}
    number = torch.int16 if classes <= 2**15 else torch.int32
    return {
        "scores": ((count, LARGEST), torch.float16),
        "places": ((count, LARGEST), number),
        "rest": ((count,), torch.float16),
    }


def answers_of(scores: Tensor) -> TeacherAnswers:
    """A teacher's scores, (N, classes), as they are kept, on the CPU."""
    scores = scores.float().cpu()
    scores = scores - scores.amax(dim=1, keepdim=True)
    count, classes = scores.shape
    if classes <= MANY:
        return TeacherAnswers(scores=_half(scores), classes=classes)
    best = scores.topk(LARGEST, dim=1)
    others = scores.double().scatter(1, best.indices, -torch.inf).logsumexp(dim=1)
    return TeacherAnswers(
        scores=_half(best.values),
        places=best.indices.to(form_of(count, classes)["places"][1]),
        rest=_half(others - np.log(classes - LARGEST)),
        classes=classes,
    )


@torch.no_grad()
def ask(teacher: Teacher, view: AugmentedView, device: str) -> TeacherAnswers:
    """Ask the teacher about every image of a view, in the order of the images.

    Raises:
        FeatherboneError: a score is not finite; the image is named.
    """
    split = view.dataset.splits["train"]
    network = teacher.to(device)
    found: list[TeacherAnswers] = []
    for images, *_ in view.batches(Batching(batch_size=BATCH), device=device):
        scores = network(images)[0].float()
        lost = (~scores.isfinite()).any(dim=1).nonzero()
        if len(lost):
            path = split.paths[len(found) * BATCH + int(lost[0])]
            raise FeatherboneError(
                f"the teacher answers the image {path} with scores that are not finite",
                hint="look at its weights; a model that predicts well answers every image",
            )
        found.append(answers_of(scores))
    parts = [answers.tensors() for answers in found]
    joined = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return TeacherAnswers(classes=found[0].classes, **joined)


def _half(scores: Tensor) -> Tensor:
    return scores.clamp(min=LOWEST).half()
