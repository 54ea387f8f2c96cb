"""The tracer: every torch function that a model calls comes here, and is answered by a rule instead of a kernel.

A rule (``featherbone.nn.capture.rules``) knows the operator, its shape and its multiply-adds. What has no rule runs on
meta tensors, for its shape only. Where ``real`` is set everything also runs on values, for models that look at them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from featherbone.graph.operators import Input, Opaque, Operator
from featherbone.nn.capture.calls import BINARY, Call, NoRule, call_of, is_operator
from featherbone.nn.capture.dispatched import Dispatched, is_wrapped, running
from featherbone.nn.capture.entry import TracedOperator
from featherbone.nn.capture.modules import Census
from featherbone.nn.capture.structure import each_tensor, mapped
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.unruled import without_activations, without_rule

functorch_level = torch._C._functorch.maybe_current_level


class Tracer(TorchFunctionMode):
    """Records what a model runs; active as a context manager."""

    def __init__(self, census: Census, *, real: bool) -> None:
        super().__init__()
        self.census = census
        self.real = real
        # Constants that a model makes beside its inputs get values even where its weights have none.
        self.device = torch.device("cpu") if census.device.type == "meta" and not real else census.device
        self.entries: list[TracedOperator] = []
        self.notes: list[str] = []  # what is to be said about how something was counted, a sentence each
        self.places: list[tuple[str, bool]] = [("", False)]  # the modules, from the outermost: path, whether a leaf
        self.function = ""  # that was called last
        self.normalized = 0  # elements of weights that a batch norm was applied to, for what uses them next
        self._meta: dict[int, torch.Tensor] = {}
        self._storages: dict[int, str] | None = None  # of each parameter, by the memory that it stands in

    def __enter__(self) -> Tracer:
        running.append(self)
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *failure: Any) -> None:
        running.pop()
        super().__exit__(*failure)  # type: ignore[no-untyped-call]

    # --- which module is running -------------------------------------------------------------------------------

    def at(self, path: str, leaf: bool) -> None:
        """What is recorded next belongs to this module."""
        self.places[-1] = (path, leaf)

    @property
    def place(self) -> str:
        """The path of the module that is running."""
        return self.places[-1][0]

    # --- recording, for rules ----------------------------------------------------------------------------------

    def input(self, name: str, full: Sequence[int], dtype: torch.dtype, value: torch.Tensor | None) -> Traced:
        """An input of the model."""
        operator = Input(shape=without_batch(full))
        return self._record(
            TracedOperator(operator, (), operator.shape, tuple(full), name, *self.places[-1]), dtype, value
        )

    def emit(
        self,
        operator: Operator,
        inputs: tuple[Traced, ...],
        label: str,
        *,
        weights: tuple[str, ...] = (),
        macs: int = 0,
        moves: bool = False,
        full: tuple[int, ...] | None = None,
        read: tuple[TracedOperator, ...] | None = None,
    ) -> Traced:
        """An operator of the vocabulary on activations whose leading dimension is a batch of one.

        ``full`` is what it writes, where the rule has checked the operator and worked that out itself; ``read`` are
        the entries that it reads, where these are not those of its inputs.
        """
        entries: Any = read or ((inputs[0].entry,) if len(inputs) == 1 else tuple([one.entry for one in inputs]))
        if None in entries:
            raise NoRule
        if full is None:
            operator.check()
            shape: Any = operator.output(*[entry.shape for entry in entries])
            full = (1, *shape)
        else:  # an operator that keeps its input's shape has the same object for it
            shape = entries[0].shape if full is inputs[0]._size else full[1:]
        place = self.places[-1]
        entry = TracedOperator(operator, entries, shape, full, label, *place, weights, macs, moves)
        return self._record(entry, inputs[0]._type)

    def opaque(
        self,
        label: str,
        inputs: Sequence[Any],
        full: Sequence[int],
        *,
        weights: tuple[str, ...] = (),
        macs: int | None = 0,
        moves: bool = False,
        dtype: torch.dtype | None = None,
        detail: Any = None,
    ) -> Traced:
        """An operator outside the vocabulary; of ``inputs`` the activations are read, and the weights counted."""
        reads: list[TracedOperator] = []
        carried, kind = weights, dtype
        for tensor in inputs:
            if type(tensor) is Traced and tensor.entry is not None:
                reads.append(tensor.entry)
                kind = kind or tensor._type
            elif isinstance(tensor, torch.Tensor):
                carried = carried + self.weights_of(tensor)
        full = tuple(full)
        shape = full[1:] if full and full[0] == 1 else full
        if len(carried) > 1:
            carried = tuple(dict.fromkeys(carried))
        operator, place = _opaque(label, shape, macs), self.places[-1]
        entry = TracedOperator(operator, tuple(reads), shape, full, label, *place, carried, macs, moves, detail)
        return self._record(entry, kind or torch.float32)

    def _record(self, entry: TracedOperator, dtype: torch.dtype, value: torch.Tensor | None = None) -> Traced:
        entry.function = self.function
        if entry.weights and self.normalized:
            entry.facts, self.normalized = {"normalized_weights": self.normalized}, 0
        self.entries.append(entry)
        return Traced.make(entry.full, dtype, self.device, entry=entry, value=value)

    # --- questions, for rules ----------------------------------------------------------------------------------

    def parameter(self, tensor: Any) -> str | None:
        """The full name of a parameter of the model; ``None`` for anything else, also for what is made from one."""
        return self.census.parameters.get(id(tensor))

    def size_of(self, tensor: Any) -> tuple[int, ...]:
        """A tensor's shape; where the tracer is active, asking torch for that of a parameter would come here again."""
        if type(tensor) is Traced:
            return tensor._size
        name = self.census.parameters.get(id(tensor))
        return tuple(tensor.shape) if name is None else self.census.sizes[name]

    def weights_of(self, tensor: Any) -> tuple[str, ...]:
        """The parameters that a tensor is or was made from."""
        if type(tensor) is Traced:
            return tensor.weights
        name = self.census.parameters.get(id(tensor)) or self._view_of(tensor)
        return () if name is None else (name,)

    def _view_of(self, tensor: Any) -> str | None:
        """The parameter whose memory a plain tensor looks at: code below Python makes views that never came here."""
        if not isinstance(tensor, torch.Tensor) or is_wrapped(tensor) or tensor.layout != torch.strided:
            return None  # a sparse tensor has no memory of its own to look at
        if self._storages is None:
            # Of parameters that share their memory the first counts.
            tensors = reversed(self.census.tensors)
            self._storages = {parameter.untyped_storage()._cdata: name for name, parameter in tensors}
        return self._storages.get(tensor.untyped_storage()._cdata)

    # --- answering ---------------------------------------------------------------------------------------------

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        call = call_of(func)
        spelled = ""
        if call.name in BINARY and call.function.startswith("Tensor.") and is_operator(sys._getframe(1)):
            spelled = f"Tensor.__{call.name}__"
        return self.answer(call, func, args, kwargs or {}, spelled)

    def answer(
        self, call: Call, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], spelled: str = ""
    ) -> Any:
        """What ``call`` returns for these arguments, recorded where it reads an activation or multiplies.

        ``spelled`` is the function where ``call`` does not say it: ``a @ b`` comes here as ``a.matmul(b)`` does.
        """
        if call.inside or (functorch_level() is not None and any(map(is_wrapped, each_tensor((args, kwargs))))):
            with torch._C.DisableTorchFunctionSubclass(), Dispatched():  # type: ignore[no-untyped-call]
                return func(*args, **kwargs)
        self.function = spelled or call.function
        first = args[0] if args else None
        if not _is_activation(first) and not _reads_activation(args, kwargs):
            # A product of weights, buffers or constants runs each time as well: position biases, queries, tables.
            if not (call.multiplies and next(each_tensor((args, kwargs)), None) is not None):
                return without_activations(self, call, func, args, kwargs)
            args, kwargs = mapped(args, self.wrapped), mapped(kwargs, self.wrapped)
        values = self._real_values(call, func, args, kwargs) if self.real else None
        if call.rule is None:
            result = without_rule(self, call, func, args, kwargs, values)
        else:
            try:
                result = call.rule(self, *args, **kwargs)
            except NoRule:
                result = without_rule(self, call, func, args, kwargs, values)
            if self.real and not _attach(result, values):
                result = without_rule(self, call, func, args, kwargs, values)
        if call.in_place and type(first) is Traced and type(result) is Traced:
            return self.written(first, result)
        return result

    def wrapped(self, tensor: torch.Tensor) -> torch.Tensor:
        """A plain tensor that is not a parameter by itself, as a constant."""
        if type(tensor) is Traced or self.parameter(tensor) is not None:
            return tensor
        return Traced.make(tensor.shape, tensor.dtype, self.device, value=tensor)

    def _real_values(self, call: Call, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The results on values; what is assigned in place is its own result, and the model's tensors are spared."""
        if not call.in_place:
            return self.run(func, args, kwargs)
        target = self._stand_in(args[0])
        if type(args[0]) is not Traced:
            target = target.clone()
        values = self.run(func, (target, *args[1:]), kwargs)
        return target if values is None else values

    def written(self, target: Traced, result: Traced) -> Traced:
        """After an in-place operation: the target is its result, and so is a part of what the target is a view of."""
        base = target.base
        while base is not None:
            made = self.opaque("assign", (base, result), base.shape, dtype=base.dtype)
            made.value = base.value if self.real else None
            base = base.become(made).base
        return target.become(result)

    def run(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The function on what stands for its tensors: values, or meta tensors."""
        with torch.no_grad():
            return func(*mapped(args, self._stand_in), **mapped(kwargs, self._stand_in))

    def _stand_in(self, tensor: torch.Tensor) -> torch.Tensor:
        if type(tensor) is Traced:
            if self.real and tensor.value is not None:
                return tensor.value
            if tensor.value is None:
                return torch.empty(tensor._size, dtype=tensor._type, device="meta")
            tensor = tensor.value
        if self.real or tensor.is_meta:
            return tensor
        made = self._meta.get(id(tensor))
        if made is None:
            made = tensor.to("meta")
            if id(tensor) in self.census.parameters:
                self._meta[id(tensor)] = made
        return made


def without_batch(full: Sequence[int]) -> tuple[int, ...]:
    """A shape without its batch: we trace a batch of one, so a leading 1 is the batch and another size is not."""
    shape = tuple(full)
    return shape[1:] if shape and shape[0] == 1 else shape


def _is_activation(value: Any) -> bool:
    return type(value) is Traced and value.entry is not None


def _reads_activation(args: Any, kwargs: Any) -> bool:
    first = args[0] if args else None
    if type(first) in (list, tuple) and first and _is_activation(first[0]):  # as concat's
        return True
    return any(map(_is_activation, each_tensor((args, kwargs))))


@lru_cache(maxsize=4096)  # a network repeats its reshapes and permutations
def _opaque(label: str, shape: tuple[int, ...], macs: int | None) -> Opaque:
    return Opaque(label=label, shape=shape, macs=macs)


def _attach(result: Any, values: Any) -> bool:
    """Give the tensors of ``result`` their values; whether they have the shapes that really came out."""
    made, real = list(each_tensor(result)), list(each_tensor(values))
    if len(made) != len(real) or any(tuple(a.shape) != tuple(b.shape) for a, b in zip(made, real, strict=True)):
        return False
    for tensor, value in zip(made, real, strict=True):
        if type(tensor) is Traced:
            tensor.value = value
    return True
