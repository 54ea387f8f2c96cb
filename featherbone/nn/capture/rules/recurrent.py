"""Recurrent layers: every weight matrix is multiplied with a vector at every step."""

from __future__ import annotations

from math import prod
from typing import Any

from featherbone.nn.capture.call_arguments import noted
from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.rules.layout import is_strided
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def recurrent(label: str) -> Rule:
    """A rule for ``torch.lstm``, ``gru``, ``rnn_tanh`` and ``rnn_relu``."""

    def rule(tracer: Tracer, input: Any, *given: Any, batch_first: bool = False) -> Any:
        if isinstance(given[2], (list, tuple)):  # a packed sequence: every step of every example, and how they lie
            given = given[1:]
        state, weights, biased, layers, _, _, bidirectional = given[:7]
        if not isinstance(weights, (list, tuple)):
            raise NoRule
        macs = prod(input.shape[:-1]) * sum(prod(w.shape) for w in weights if len(w.shape) == 2)
        states = list(state) if isinstance(state, (list, tuple)) else [state]
        width = states[0].shape[-1] * (2 if bidirectional else 1)
        full = (*input.shape[:-1], width)
        made = noted(
            tracer.opaque(label, (input, *states, *weights), full, macs=macs),
            steps=prod(input.shape[:-1]),
            input=weights[0].shape[1],
            hidden=weights[0].shape[0] // GATES[label],
            layers=layers,
            directions=1 + bool(bidirectional),
            bias=int(bool(biased)),
            strided=int(is_strided(input)),
            state=weights[1].shape[1],
        )
        last = [tracer.opaque(f"{label}_state", (made,), one.shape, moves=True) for one in states]
        return (made, *last)

    return rule


def cell(label: str) -> Rule:
    """A rule for one step: ``lstm_cell``, ``gru_cell``, ``rnn_tanh_cell`` and ``rnn_relu_cell``."""

    def rule(
        tracer: Tracer, input: Any, state: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
    ) -> Traced | tuple[Traced, ...]:
        macs = prod(input.shape[:-1]) * (prod(w_ih.shape) + prod(w_hh.shape))
        states = list(state) if isinstance(state, (list, tuple)) else [state]
        made = noted(
            tracer.opaque(label, (input, *states, w_ih, w_hh, b_ih, b_hh), states[0].shape, macs=macs),
            steps=prod(input.shape[:-1]),
            input=w_ih.shape[1],
            hidden=w_hh.shape[1],
            state=w_hh.shape[1],
            layers=1,
            directions=1,
            bias=int(b_ih is not None),
        )
        if not isinstance(state, (list, tuple)):
            return made
        return made, tracer.opaque(f"{label}_state", (made,), states[1].shape, moves=True)

    return rule


RULES: dict[str, Rule] = {
    **{name: recurrent(name) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    **{f"{name}_cell": cell(f"{name}_cell") for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
}
