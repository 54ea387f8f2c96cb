"""A run's state before its first step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from featherbone.kernels.strided import avoid_strided
from featherbone.nn import module, module_with
from featherbone.train.machine.memory import keep_compiled_kernels, keep_freed_memory
from featherbone.train.optimize.objective import Objective
from featherbone.train.optimize.optimizer import make_optimizer
from featherbone.train.run.plan import Plan
from featherbone.train.run.state import State
from featherbone.train.transfer.parts import with_maps


def begin(plan: Plan, objective: Objective, weights: Mapping[str, Tensor] | None) -> State:
    """The state of a run before its first step, with random weights of the seed, or a copy of these.

    Raises `FeatherboneError` where the weights do not fit the network.
    """
    if plan.device == "cpu":
        keep_freed_memory()
        keep_compiled_kernels()
    network, averaged = (
        _placed(module(graph, seed=plan.seed) if weights is None else module_with(graph, weights), plan)
        for graph in (with_maps(plan.graph, objective.maps), plan.graph)
    )
    if plan.device == "cpu":
        avoid_strided(network)
    own = None if objective.module is None else objective.module.to(plan.device)
    if plan.processes.count > 1:
        # Here, as it loads torch's compiler: seconds for whoever reads weights or trains in one process.
        from featherbone.train.several.synchronised_norm import synchronise

        synchronise(network)
    scaled = plan.setting.precision == "float16"
    return State(
        network=network,
        averaged=averaged.eval().requires_grad_(False),
        objective=own,
        optimizer=make_optimizer(
            plan.graph, network, plan.recipe, others=() if own is None else tuple(own.parameters())
        ),
        scaler=torch.amp.GradScaler(torch.device(plan.device).type) if scaled else None,
    )


def _placed(network: nn.Module, plan: Plan) -> nn.Module:
    """Channels beside each other in memory triple the speed of light networks on CPUs."""
    memory_format = torch.channels_last if plan.setting.channels_last else torch.preserve_format
    return network.to(device=plan.device, memory_format=memory_format)  # type: ignore[call-overload, no-any-return]
