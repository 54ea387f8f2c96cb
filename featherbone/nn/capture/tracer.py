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
from featherbone.nn.capture.traced import META, Traced

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
        return self._record(operator, (), operator.shape, tuple(full), name, (), 0, False, dtype, value=value)

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
        return self._record(operator, entries, shape, full, label, weights, macs, moves, inputs[0]._type)

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
        operator = _opaque(label, shape, macs)
        return self._record(
            operator, tuple(reads), shape, full, label, carried, macs, moves, kind or torch.float32, detail=detail
        )

    def _record(
        self,
        operator: Operator,
        inputs: tuple[TracedOperator, ...],
        shape: Any,
        full: tuple[int, ...],
        label: str,
        weights: tuple[str, ...],
        macs: int | None,
        moves: bool,
        dtype: torch.dtype,
        *,
        value: torch.Tensor | None = None,
        detail: Any = None,
    ) -> Traced:
        path, leaf = self.places[-1]
        entry = TracedOperator(
            operator, inputs, shape, full, label, path, leaf, weights, macs, moves, detail, self.function
        )
        if weights and self.normalized:
            entry.facts, self.normalized = {"normalized_weights": self.normalized}, 0
        self.entries.append(entry)
        return Traced.make(full, dtype, self.device, entry=entry, value=value)

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
                return self._without_activations(call, func, args, kwargs)
            args, kwargs = mapped(args, self.wrapped), mapped(kwargs, self.wrapped)
        values = self._real_values(call, func, args, kwargs) if self.real else None
        if call.rule is None:
            result = self._general(call, func, args, kwargs, values)
        else:
            try:
                result = call.rule(self, *args, **kwargs)
            except NoRule:
                result = self._general(call, func, args, kwargs, values)
            if self.real and not _attach(result, values):
                result = self._general(call, func, args, kwargs, values)
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
            return self._run(func, args, kwargs)
        target = self._stand_in(args[0])
        if type(args[0]) is not Traced:
            target = target.clone()
        values = self._run(func, (target, *args[1:]), kwargs)
        return target if values is None else values

    def written(self, target: Traced, result: Traced) -> Traced:
        """After an in-place operation: the target is its result, and so is a part of what the target is a view of."""
        base = target.base
        while base is not None:
            made = self.opaque("assign", (base, result), base.shape, dtype=base.dtype)
            made.value = base.value if self.real else None
            base = base.become(made).base
        return target.become(result)

    def _run(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
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

    def _general(self, call: Call, func: Callable[..., Any], args: Any, kwargs: Any, values: Any) -> Any:
        """What has no rule: shapes from a run on stand-ins; multiply-adds unknown unless the function is known free."""
        if values is None:
            values = self._run(func, args, kwargs)
        tensors = list(each_tensor((args, kwargs)))
        main: Traced | None = None

        def wrap(value: torch.Tensor) -> Traced:
            nonlocal main
            if main is None:
                macs = 0 if call.free else None if call.macs is None else call.macs(*args, **kwargs)
                made = self.opaque(call.name, tensors, value.shape, macs=macs, dtype=value.dtype, moves=call.moves)
                main = made
            else:  # a node writes one tensor; the others read it
                made = self.opaque(f"{call.name}_result", (main,), value.shape, dtype=value.dtype, moves=True)
            made.value = value if self.real else None
            return made

        return mapped(values, wrap)

    def _without_activations(self, call: Call, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """A function of weights and constants alone: run, without touching a weight's values."""
        tensors = list(each_tensor((args, kwargs)))
        if not tensors and not call.makes:
            return func(*args, **kwargs)
        weights = tuple(dict.fromkeys(name for tensor in tensors for name in self.weights_of(tensor)))
        if weights and call.name == "batch_norm":
            self.normalized += args[0].numel()
        if call.name == "__get__" and tensors and type(tensors[0]) is not Traced:
            found = func(*args, **kwargs)  # a property of a plain tensor
            if not isinstance(found, torch.Tensor):
                return found
        known = any(id(tensor) in self.census.buffers for tensor in tensors)
        if call.in_place and (weights or known):
            if type(args[0]) is Traced:
                args[0].weights = weights
            return args[0]  # the model's own tensors stay as they are
        if weights or self.real or any(_value(tensor).is_meta for tensor in tensors):
            if not self.real:  # what has no values stays where it is, whatever device the model asks for
                args = tuple([_on_meta(value) for value in args])
                kwargs = {key: _on_meta(value) for key, value in kwargs.items()}
            values = self._run(func, args, kwargs)
        else:
            with torch.no_grad():
                values = func(*mapped(args, _value), **mapped(kwargs, _value))
        if call.in_place and type(args[0]) is Traced:
            return args[0]

        def constant(value: torch.Tensor) -> Traced:
            made = Traced.make(value.shape, value.dtype, self.device, weights=weights, value=value.detach())
            made.base = args[0] if call.views and args and type(args[0]) is Traced else None
            return made

        return mapped(values, constant)


def without_batch(full: Sequence[int]) -> tuple[int, ...]:
    """A shape without its batch: we trace a batch of one, so a leading 1 is the batch and another size is not."""
    shape = tuple(full)
    return shape[1:] if shape and shape[0] == 1 else shape


def _on_meta(value: Any) -> Any:
    return META if isinstance(value, torch.device) else value


def _value(tensor: torch.Tensor) -> torch.Tensor:
    if type(tensor) is Traced:
        assert tensor.value is not None, "a constant has a value"
        return tensor.value
    return tensor


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
