"""What reaches torch's dispatcher instead of its functions: TorchScript, ``vmap``, code that Python does not see.

There the operators are aten's own, the smaller ones that a function is made of; the same rules answer them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from featherbone.nn.capture.calls import Call, call_named
from featherbone.nn.capture.traced import Traced

if TYPE_CHECKING:
    from featherbone.nn.capture.tracer import Tracer

_known: dict[Any, Call] = {}
running: list[Tracer] = []
"""The captures that are going on, the innermost last."""


def answered(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What the tracer that is running says to an operator of aten's.

    Raises:
        NotImplementedError: no capture is running.
    """
    if not running:
        raise NotImplementedError(f"{func} reached the kernels with a tensor that has no values")
    call = _known.get(func)
    if call is None:
        space, _, raw = func._schema.name.partition("::")  # type: ignore[attr-defined]
        call = _known[func] = call_named(raw if space == "aten" else f"{space}.{raw}")
    with torch._C.DisableTorchFunction():
        result = running[-1].answer(call, func, args, kwargs)
    if type(result) is Traced and not call.in_place and any(result is given for given in args):
        # A view that is its own base is refused by torch.
        return Traced.make(
            result.shape, result.dtype, result.device, entry=result.entry, weights=result.weights, value=result.value
        )
    return result


class Dispatched(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While active, everything that reaches the dispatcher is answered, also what is done with weights alone."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        return answered(func, args, kwargs or {})


def is_wrapped(tensor: Any) -> bool:
    """Whether ``vmap`` or another transformation stands around a tensor: what it does comes back to the dispatcher."""
    return isinstance(tensor, torch.Tensor) and torch._C._functorch.is_functorch_wrapped_tensor(tensor)
