"""Which kernels ONNX Runtime runs for a network, without asking it: its rules of fusion and of layout, for many widths.

On processors where it knows them, ONNX Runtime keeps maps in blocks of channels (16 with AVX-512, 8 with AVX2): a
convolution then writes blocks, reads them or, below one block of channels, plain maps, and what can't work on blocks is
preceded by a change of layout. These are the rules of its passes ``NchwcTransformer`` and
``ConvAddActivationFusion`` (onnxruntime/core/optimizer, 1.32), checked against the graphs that it writes itself. Where
another version has other rules, the calibration on measured networks shows it as a larger error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.graph.operators import Conv
from featherbone.latency.kernel import DEPTHWISE, Family
from featherbone.latency.sketch import Part
from featherbone.latency.step import Mask, Pending, PlannedKernels, Value

ALIGNED = 4  # channels that a change of layout needs a multiple of
FUSED_PLAIN = ("relu", "relu6", "sigmoid", "tanh", "hard_sigmoid", "leaky_relu")  # with a convolution on plain maps
FUSED_BLOCKED = (*FUSED_PLAIN, "hard_swish")


class Planner:
    """One plan; ``block`` is the number of channels in a block, 0 where the runtime has none."""

    def __init__(self, parts: Sequence[Part], *, block: int, blocked_input: bool = False) -> None:
        self._parts, self._block = parts, block
        self._size = max(len(part.channels) for part in parts)
        self.steps: list[PlannedKernels] = []
        self._values: list[Value] = []
        self._pending: list[Pending] = []
        self._split: set[int] = set()
        self._blocked_input = blocked_input

    def result(self) -> tuple[list[PlannedKernels], Mask]:
        """The kernels, and where the last part is written in blocks."""
        for place, part in enumerate(self._parts):
            self._values.append(self._value(place, part))
        for pending in self._pending:
            self._finish(pending)
        return self.steps, self._values[-1].blocked

    def _value(self, place: int, part: Part) -> Value:
        kind = part.operator.kind
        if kind == "input":
            return self._written(part, self._mask(self._blocked_input), batch=0)
        make = getattr(self, f"_{kind}", None)
        if make is None:
            raise FeatherboneError(
                f"the kernels that {part.operator.kind.replace('_', ' ')} runs as are not known",
                hint="the network can be measured whole: featherbone time",
            )
        value: Value = make(part, [self._values[read] for read in part.inputs])
        return value

    # convolutions, and what is fused to them

    def _conv(self, part: Part, inputs: list[Value]) -> Value:
        (x,) = inputs
        cin, cout, block = x.channels, part.channels, self._block
        aligned = cin % ALIGNED == 0
        direct = self._mask(False)
        if not block:
            blocked = self._mask(False)
        elif part.groups == DEPTHWISE:
            blocked = aligned & (cin == cout)
        elif part.groups > 1:
            blocked = (cin // part.groups % block == 0) & (cout // part.groups % block == 0)
        else:
            direct = self._all(cin < block)
            blocked = aligned & ~direct
        blocked = self._all(blocked)
        plain = ~(blocked | direct)
        self._read(x, blocked=blocked, plain=plain | direct)
        pending = Pending(
            part=part,
            source=x,
            layouts={"blocked": blocked, "direct": direct, "plain": plain},
            adds=self._mask(False),
            act=np.full(self._size, "", dtype=object),
            alone=part.readers == 1,
        )
        self._pending.append(pending)
        value = self._written(part, blocked | direct)
        value.writers = (pending,)
        return value

    def _activation(self, part: Part, inputs: list[Value]) -> Value:
        (x,) = inputs
        name = part.operator.function  # type: ignore[attr-defined]
        fused = self._mask(False)
        for conv in x.writers:
            if conv.alone:
                here = ~conv.done & np.where(x.blocked, name in FUSED_BLOCKED, name in FUSED_PLAIN)
                conv.act[here] = name
                fused |= here
            conv.done = self._mask(True)
        self._flat(name, x, part, ~fused)
        return self._written(part, x.blocked)

    def _add(self, part: Part, inputs: list[Value]) -> Value:
        blocked = np.logical_and.reduce([value.blocked for value in inputs])
        fused = self._mask(False)
        writers: list[Pending] = []
        known = len({value.batch for value in inputs}) == 1  # the runtime must know that the shapes are the same
        for conv in (conv for value in inputs for conv in value.writers):
            here = ~fused & ~conv.done & conv.alone & known & (blocked | conv.layouts["plain"])
            conv.adds = conv.adds | here
            conv.done = conv.done | ~here
            fused |= here
            conv.alone = part.readers == 1
            writers.append(conv)
        for value in inputs:
            self._read(value, blocked=blocked, plain=~blocked)
        for _ in inputs[1:]:
            self._flat("add", inputs[0], part, ~fused, blocked=blocked)
            fused = self._mask(False)
        result = self._written(part, blocked)
        result.writers = tuple(writers)
        return result

    def _finish(self, pending: Pending) -> None:
        part, operator = pending.part, pending.part.operator
        assert isinstance(operator, Conv)
        for layout, where in pending.layouts.items():
            for adds in (False, True):
                for act in dict.fromkeys(pending.act[where].tolist()):
                    family = Family(
                        op="conv",
                        layout=layout,
                        kernel=_pair(operator.kernel),
                        stride=_pair(operator.stride),
                        groups=part.groups,
                        act=act,
                        adds=adds,
                        side_in=pending.source.sides,
                        side_out=part.sides,
                    )
                    runs = where & (pending.adds == adds) & (pending.act == act)
                    self._emit(family, runs, pending.source.channels, part.channels)

    # everything else

    def _multiply(self, part: Part, inputs: list[Value]) -> Value:
        same = inputs[0].sides == inputs[1].sides
        blocked = inputs[0].blocked & inputs[1].blocked & same
        for value in inputs:
            self._read(value, blocked=blocked, plain=~blocked)
        self._flat("multiply" if same else "scale", inputs[0], part, self._mask(True), blocked=blocked)
        return self._written(part, blocked)

    def _concat(self, part: Part, inputs: list[Value]) -> Value:
        whole = [value.blocked & (value.channels % max(self._block, 1) == 0) for value in inputs]
        blocked = np.logical_and.reduce(whole)
        for value in inputs:
            self._read(value, blocked=blocked, plain=~blocked)
        for layout, where in (("blocked", blocked), ("plain", ~blocked)):
            family = Family(op="concat", layout=layout, side_in=part.sides, side_out=part.sides)
            self._emit(family, where, inputs[0].channels, part.channels)
        return self._written(part, blocked)

    def _max_pool(self, part: Part, inputs: list[Value]) -> Value:
        (x,) = inputs
        blocked = self._all(x.channels % self._block == 0) if self._block else self._mask(False)
        self._read(x, blocked=blocked, plain=~blocked)
        operator = part.operator
        for layout, where in (("blocked", blocked), ("plain", ~blocked)):
            family = Family(
                op=operator.kind,
                layout=layout,
                kernel=_pair(operator.kernel),  # type: ignore[attr-defined]
                stride=_pair(operator.stride),  # type: ignore[attr-defined]
                side_in=x.sides,
                side_out=part.sides,
            )
            self._emit(family, where, x.channels, part.channels)
        return self._written(part, blocked)

    _avg_pool = _max_pool

    def _global_pool(self, part: Part, inputs: list[Value]) -> Value:
        return self._plain("mean" if part.operator.reduce == "avg" else "max", part, inputs)  # type: ignore[attr-defined]

    def _channel_shuffle(self, part: Part, inputs: list[Value]) -> Value:
        value = self._plain("shuffle", part, inputs)
        value.batch = len(self._values)
        return value

    def _reorder(self, part: Part, inputs: list[Value]) -> Value:
        return self._plain("gather", part, inputs)

    def _slice(self, part: Part, inputs: list[Value]) -> Value:
        """Two slices of one map are one kernel that splits it."""
        source = part.inputs[0]
        first = source not in self._split
        self._split.add(source)
        if first or self._parts[source].readers == 1:
            return self._plain("split", part, inputs)
        return self._written(part, self._mask(False))

    def _flatten(self, part: Part, inputs: list[Value]) -> Value:
        return self._plain("reshape", part, inputs)

    def _linear(self, part: Part, inputs: list[Value]) -> Value:
        return self._plain("linear", part, inputs)

    def _batch_norm(self, part: Part, inputs: list[Value]) -> Value:
        return self._plain("norm", part, inputs)

    # what all of them need

    def _plain(self, op: str, part: Part, inputs: list[Value]) -> Value:
        (x,) = inputs
        self._read(x, blocked=self._mask(False), plain=self._mask(True))
        family = Family(op=op, groups=part.groups, side_in=x.sides, side_out=part.sides)
        self._emit(family, self._mask(True), x.channels, part.channels)
        return self._written(part, self._mask(False))

    def _flat(self, op: str, x: Value, part: Part, runs: Mask, *, blocked: Mask | None = None) -> None:
        """An operation on each value by itself, of all channels that a blocked map has."""
        wide = np.where(x.blocked if blocked is None else blocked, self._filled(part.channels), part.channels)
        self._emit(Family(op=op, side_in=part.sides, side_out=part.sides), runs, wide, wide)

    def _read(self, value: Value, *, blocked: Mask, plain: Mask) -> None:
        """Change the layout of a map where it is not read as it was written, once."""
        for op, wanted in (("reorder_output", plain & value.blocked), ("reorder_input", blocked & ~value.blocked)):
            runs = wanted & ~value.changed
            self._emit(Family(op=op, side_in=value.sides, side_out=value.sides), runs, value.channels, value.channels)
            value.changed = value.changed | wanted

    def _emit(self, family: Family, runs: Mask, channels_in: np.ndarray, channels_out: np.ndarray) -> None:
        if runs.any():
            self.steps.append(PlannedKernels(family, runs, channels_in, channels_out))

    def _written(self, part: Part, blocked: Mask, *, batch: int | None = None) -> Value:
        batches = [self._values[read].batch for read in part.inputs]
        if batch is None:
            batch = len(self._values) if len(set(batches)) > 1 else batches[0]
        return Value(channels=part.channels, sides=part.sides, blocked=blocked, changed=self._mask(False), batch=batch)

    def _filled(self, channels: np.ndarray) -> np.ndarray:
        return -(-channels // self._block) * self._block if self._block else channels

    def _mask(self, value: bool) -> Mask:
        return np.full(self._size, value)

    def _all(self, mask: Mask) -> Mask:
        return np.broadcast_to(mask, (self._size,))


def plan(parts: Sequence[Part], *, block: int, blocked_input: bool = False) -> tuple[list[PlannedKernels], Mask]:
    """The kernels of a network or a part of one, and for each width whether it ends in blocks.

    >>> from featherbone.graph import image
    >>> from featherbone.latency.sketch import sketch
    >>> graph = image(3, 8).conv(16, 3).act("relu").conv(32, 1).global_pool().flatten().linear(10).graph("tiny")
    >>> [step.family.op for step in plan(sketch(graph), block=16)[0]]
    ['reorder_output', 'mean', 'reshape', 'linear', 'conv', 'conv']

    Raises:
        FeatherboneError: an operator whose kernels are not known.
    """
    return Planner(parts, block=block, blocked_input=blocked_input).result()


def _pair(sides: Sequence[object]) -> tuple[int, int]:
    height, width = (*(int(side) for side in sides), 1)[:2]  # type: ignore[call-overload]
    return height, width
