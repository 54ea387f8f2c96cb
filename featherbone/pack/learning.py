"""Levels that learn: the network is trained with its rounding in the loop, and the bits that it takes in the loss.

What is lost is Kullback–Leibler divergence from the answers of the whole network, softened by a temperature, in nats;
what a bit costs is its price. Rounding passes its gradient on as if it were not there (straight-through), steps are
learned with the weights (LSQ, arXiv:1902.08153), and bits are those of ``featherbone.pack.rates``, as a function of the
weight before it is rounded: each unit of size costs what the next level would.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from featherbone.nn import module_with
from featherbone.nn.packed.model import Levelled
from featherbone.pack.levelling import Levelling
from featherbone.pack.rates import Rates
from featherbone.rewrite.trained_graph import TrainedGraph

# Of Adam: of weights, in steps; of biases, as a share of their mean size; and of the logarithms of steps.
WEIGHT_RATE, BIAS_RATE, STEP_RATE = 3e-3, 3e-3, 1e-3
BETWEEN = 0.4  # of a step, how far a weight may begin from the level that it is rounded to


class LearningLevels(nn.Module):
    """A levelled network whose weights, biases and steps can be trained.

    >>> from featherbone.graph import image
    >>> graph = image(1, 2).flatten().linear(1, name="fc", bias=False).graph("tiny")
    >>> half = Levelled(levels=np.ones((1, 4), np.int16), step=0.5)
    >>> network = TrainedGraph(graph, {"fc.weight": half.tensor()})
    >>> student = LearningLevels(Levelling(network=network, levels={"fc.weight": half}, plain={}), network)
    >>> student(torch.ones(1, 1, 2, 2)).item()
    2.0

    It computes what the rounded network does; ``whole`` says which side of its level each weight begins on.
    """

    def __init__(self, start: Levelling, whole: TrainedGraph) -> None:
        super().__init__()
        self.graph = start.network.graph
        self.fixed = dict(start.plain)
        self.weights, self.biases, self.steps = nn.ParameterDict(), nn.ParameterDict(), nn.ParameterDict()
        self.units: dict[str, float] = {}  # of biases, which stay as fine as they are
        self.rates: dict[str, Rates] = {}
        for name, each in start.levels.items():
            if name.endswith(".bias"):
                self.biases[_key(name)] = nn.Parameter(each.tensor())
                self.units[_key(name)] = each.step
                continue
            levels = torch.from_numpy(each.levels.astype(np.float32))
            beside = (whole.weights[name] / each.step - levels).clamp(-BETWEEN, BETWEEN)
            self.weights[_key(name)] = nn.Parameter(levels + beside)
            self.steps[_key(name)] = nn.Parameter(torch.tensor(each.step).log())
        self.module = module_with(*start.network).eval().requires_grad_(False)
        self.rate()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        now = {_name(key): _rounded(each) * self.steps[key].exp() for key, each in self.weights.items()}
        now |= {_name(key): _rounded(each / self.units[key]) * self.units[key] for key, each in self.biases.items()}
        found: torch.Tensor = torch.func.functional_call(self.module, now, (images,))
        return found

    def rate(self) -> None:
        """Let the rates be those of the levels as they are now."""
        self.rates = {key: Rates.of(_rounded(each.detach())) for key, each in self.weights.items()}

    def bits(self) -> torch.Tensor:
        """Of all weights, as far as their gradient follows."""
        found = torch.zeros(())
        for key, each in self.weights.items():
            rates, sizes = self.rates[key], each.abs()
            first = max(rates.one - rates.zero, 0.0) * sizes.clamp_max(1)
            found = found + (first + rates.further * (sizes - 1).clamp_min(0)).sum()
        return found

    def optimizer(self) -> torch.optim.Adam:
        """What trains it; each group knows the rate that it ``began`` with."""
        mean = float(torch.cat([each.detach().abs() for each in self.biases.values()]).mean()) if self.biases else 0.0
        given = (
            (list(self.weights.values()), WEIGHT_RATE),
            (list(self.biases.values()), BIAS_RATE * mean),
            (list(self.steps.values()), STEP_RATE),
        )
        return torch.optim.Adam([{"params": values, "lr": rate, "began": rate} for values, rate in given if values])

    def levelling(self) -> Levelling:
        """The network with the levels as they are now; biases are rounded, too."""
        levels: dict[str, Levelled] = {}
        with torch.no_grad():
            for key, each in self.weights.items():
                numbers = _rounded(each).numpy().astype(np.int16)
                levels[_name(key)] = Levelled(levels=numbers, step=float(np.float32(self.steps[key].exp())))
            for key, each in self.biases.items():
                unit = self.units[key]
                levels[_name(key)] = Levelled(levels=_rounded(each / unit).numpy().astype(np.int16), step=unit)
        exact = {name: each.tensor() for name, each in levels.items()}
        network = TrainedGraph(self.graph, {**self.fixed, **exact})
        return Levelling(network=network, levels=levels, plain=self.fixed)


def divergence_at(answers: torch.Tensor, wanted: torch.Tensor, temperature: float) -> torch.Tensor:
    """The mean divergence of answers from those that are wanted, both softened, in nats.

    >>> divergence_at(torch.zeros(2, 3), torch.ones(2, 3), temperature=4.0).item()
    0.0
    """
    logs = [F.log_softmax(each.float() / temperature, 1) for each in (answers, wanted)]
    return F.kl_div(logs[0], logs[1], log_target=True, reduction="batchmean")


def learning_step(
    student: LearningLevels, optimizer: torch.optim.Optimizer, lost: torch.Tensor, price: float, left: float
) -> None:
    """A step of training by what is ``lost`` and what bits cost; ``left`` is the share of the first rates it has."""
    for group in optimizer.param_groups:
        group["lr"] = group["began"] * left
    loss = lost + price * student.bits()
    if not bool(loss.isfinite()):  # such a step teaches nothing, and would end all
        return
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _rounded(places: torch.Tensor) -> torch.Tensor:
    """Whole numbers, whose gradient is that of what was rounded."""
    return places + (torch.floor(places + 0.5) - places).detach()


def _key(name: str) -> str:
    """A tensor's name as PyTorch takes it for a parameter's: without dots."""
    return name.replace(".", "/")


def _name(key: str) -> str:
    return key.replace("/", ".")
