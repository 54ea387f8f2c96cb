"""What is kept of a teacher's scores gives the same probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from distil_cases import teacher
from train_cases import RECIPE, dataset

from featherbone.data.batches import Batching
from featherbone.errors import FeatherboneError
from featherbone.train.run.views import AugmentedView
from featherbone.train.transfer.answers import LARGEST, MANY, answers_of, ask, form_of
from featherbone.train.transfer.teacher import Teacher

VIEW = AugmentedView(dataset=dataset(), augment=RECIPE.augment, seed=3, number=2)


def test_few_classes_keep_their_scores_to_half_precision() -> None:
    scores = torch.randn(50, 10, generator=torch.Generator().manual_seed(0)) * 10 + 300
    found = answers_of(scores).rows(np.arange(50))
    shifted = scores - scores.amax(1, keepdim=True)
    assert found.amax(1).eq(0).all()
    assert ((found - shifted).abs() <= shifted.abs() * 2**-11).all()


@pytest.mark.parametrize("classes", [MANY + 1, 1000, 40_000])
def test_of_many_classes_the_largest_keep_theirs_and_the_rest_its_weight(classes: int) -> None:
    scores = torch.randn(6, classes, generator=torch.Generator().manual_seed(0)) * 3
    answers = answers_of(scores)
    assert {name: (tuple(t.shape), t.dtype) for name, t in answers.tensors().items()} == form_of(6, classes)
    found, exact = answers.rows(np.arange(6)).double().softmax(1), scores.double().softmax(1)
    best = scores.topk(LARGEST, dim=1).indices
    assert torch.allclose(found.gather(1, best), exact.gather(1, best), rtol=0.02, atol=0)
    assert torch.allclose(found.gather(1, best).sum(1), exact.gather(1, best).sum(1), rtol=0.01)
    others = found.scatter(1, best, 0)
    assert ((others > 0).sum(1) == classes - LARGEST).all()
    assert others.max(1).values.allclose(others.sum(1) / (classes - LARGEST))


def test_scores_out_of_the_range_of_half_precision_stay_finite() -> None:
    assert answers_of(torch.tensor([[0.0, -1e30]])).rows(np.array([0])).isfinite().all()
    assert (
        answers_of(torch.full((1, 500), -1e6).index_fill_(1, torch.tensor([3]), 0.0))
        .rows(np.array([0]))
        .isfinite()
        .all()
    )


def test_the_answers_are_those_of_the_teacher_to_the_images_as_they_are_shown() -> None:
    model = teacher()
    asked = ask(Teacher(model, model.graph, dataset()), VIEW, "cpu")
    network = Teacher(model, model.graph, dataset())
    for images, _, numbers in VIEW.batches(
        Batching(batch_size=9, shuffle=True), generator=torch.Generator().manual_seed(1), beside=torch.from_numpy
    ):
        direct = network(images)[0]
        found = asked.rows(numbers.numpy())
        assert torch.allclose(found, direct - direct.amax(1, keepdim=True), atol=1e-3, rtol=1e-3)


def test_scores_that_are_not_finite_are_refused_with_the_image() -> None:
    model = teacher()
    broken = replace(model, weights={name: tensor.clone() for name, tensor in model.weights.items()})
    broken.weights["linear.weight"].fill_(3e38)
    with pytest.raises(FeatherboneError, match=r"the teacher answers the image 0\.png with scores that are not finite"):
        ask(Teacher(broken, model.graph, dataset()), VIEW, "cpu")


def test_classes_that_share_a_score_weigh_together_what_they_did() -> None:
    scores = 0.1 * torch.randn(5, MANY + 72, generator=torch.Generator().manual_seed(0))
    kept = answers_of(scores).rows(np.arange(5))
    whole = scores - scores.amax(dim=1, keepdim=True)
    assert (kept.logsumexp(dim=1) - whole.logsumexp(dim=1)).abs().max() < 2e-3
    places = scores.topk(LARGEST, dim=1).indices
    assert (kept.softmax(dim=1).gather(1, places) - scores.softmax(dim=1).gather(1, places)).abs().max() < 1e-4
