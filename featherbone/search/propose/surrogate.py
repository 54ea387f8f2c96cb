"""What designs that were not trained would score, guessed from those that were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MARGIN = 0.002  # scores are kept so far from 0 and 1 before their odds are taken


class Surrogate:
    """A Bayesian linear model of the log-odds of top-1, over features and the rung that a score was reached at.

    Scores of all rungs teach it: a rung only moves the level. Bayesian ridge regression finds the strength of its own
    prior, which a dozen scores do not leave to choose, and says how sure it is. Where log-odds are ``expected``
    beforehand, up to a constant, only what the scores say beyond them is learned.

    >>> features = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> guess, doubt = Surrogate(features, [0, 0, 1, 1], [0.5, 0.6, 0.8, 0.85], rungs=2).predict(features, rung=1)
    >>> bool(np.all(np.diff(guess) > 0)), bool(np.all(doubt > 0))
    (True, True)

    Source: MacKay 1992, Neural Computation 4(3), 415-447; that linear models rank architectures from few samples well
    is White et al. 2021, arXiv:2104.01177.
    """

    def __init__(
        self,
        features: np.ndarray,
        rungs_of: Sequence[int],
        scores: Sequence[float],
        *,
        rungs: int,
        expected: np.ndarray | float = 0.0,
    ) -> None:
        from sklearn.linear_model import BayesianRidge

        self._rungs = rungs
        self._mean, self._scale = features.mean(axis=0), features.std(axis=0)
        self._scale[self._scale == 0] = 1
        odds = np.clip(np.array(scores), MARGIN, 1 - MARGIN)
        self._model = BayesianRidge()
        self._model.fit(self._inputs(features, np.array(rungs_of)), np.log(odds / (1 - odds)) - expected)

    def predict(
        self, features: np.ndarray, *, rung: int, expected: np.ndarray | float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """The log-odds of top-1 at a rung, and their standard deviation."""
        mean, deviation = self._model.predict(self._inputs(features, np.full(len(features), rung)), return_std=True)
        return mean + expected, deviation

    def _inputs(self, features: np.ndarray, rungs_of: np.ndarray) -> np.ndarray:
        levels = (rungs_of[:, None] >= np.arange(1, self._rungs)).astype(float)
        return np.concatenate([(features - self._mean) / self._scale, 2 * levels], axis=1)
