"""Regular designs in the order of what papers make one expect of them: what a search tries first."""

from __future__ import annotations

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.effort import quickest
from featherbone.search.draw.sample import sample
from featherbone.search.propose.features import Features
from featherbone.search.propose.prior import Prior
from featherbone.search.propose.regular_designs import regular
from featherbone.search.space.design import Design
from featherbone.search.space.matrix import decode

MANY = 1024  # regular designs, among which the first are chosen
EXAMPLES = 64  # designs, of which the quickest to train says what a search's time pays for


def promising(
    costs: SpaceCosts, budget: Budget, features: Features, prior: Prior, rng: np.random.Generator
) -> tuple[Design, ...]:
    """Regular designs within the budget, the most promising first.

    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    >>> features = Features(costs)
    >>> prior = Prior(features, epochs=100)
    >>> found = promising(costs, Budget(macs=300_000, params=20_000), features, prior, np.random.default_rng(0))
    >>> len(found) > 100, found[0].stages[0].se
    (True, True)

    Raises:
        FeatherboneError: nothing in the space fits the budget.
    """
    rows = regular(costs, budget, MANY, rng)
    promise = prior.of(features.of(rows))
    return decode(costs.space, rows[np.argsort(-promise, kind="stable")])


def example(costs: SpaceCosts, budget: Budget, *, epochs: int, seed: int) -> str:
    """Of the designs that a search tries first the quickest to train; a random one where none is regular.

    Random designs won't do where there are others: of the same cost they take two or three times as long to train.

    Raises:
        FeatherboneError: nothing in the space fits the budget.
    """
    features = Features(costs)
    prior = Prior(features, epochs=epochs)
    designs = promising(costs, budget, features, prior, np.random.default_rng(seed))[:EXAMPLES]
    among = designs or sample(costs, budget, EXAMPLES, seed=seed)
    return quickest(among, classes=costs.classes, channels=costs.channels)
