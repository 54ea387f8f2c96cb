"""A tensor without values: its shape, its type and where it comes from. A model computes with it during a capture.

It is a ``torch.Tensor``, so ``isinstance`` checks in a model hold, and every operation on it reaches the tracer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from featherbone.nn.capture.entry import TracedOperator

META = torch.device("meta")


class Traced(torch.Tensor):
    """One of three: an activation (``entry`` recorded it), made from weights alone (``weights``), or a constant.

    ``value`` holds a tensor that stands for it: for the last two always, for an activation only where the model runs
    on real tensors. ``base`` is the constant that a constant is a view of: what is written into the view is in both.
    """

    entry: TracedOperator | None = None
    weights: tuple[str, ...] = ()
    value: torch.Tensor | None = None
    base: Traced | None = None
    _size: torch.Size
    _type: torch.dtype
    _place: torch.device

    @staticmethod
    def make(
        shape: Sequence[int],
        dtype: torch.dtype,
        device: torch.device,
        *,
        entry: TracedOperator | None = None,
        weights: tuple[str, ...] = (),
        value: torch.Tensor | None = None,
    ) -> Traced:
        made: Traced = torch.Tensor._make_wrapper_subclass(Traced, shape, dtype=dtype, device=META)
        made._size = shape if type(shape) is torch.Size else torch.Size(shape)
        made._type, made._place, made.entry = dtype, device, entry
        if weights:
            made.weights = weights
        if value is not None:
            made.value = value
        return made

    def of(self, entry: TracedOperator) -> Traced:
        """What an earlier entry wrote, with this tensor's type: the model may have changed its own in place since."""
        return Traced.make(entry.full, self._type, self._place, entry=entry)

    def become(self, other: Traced) -> Traced:
        """What an in-place operation does: this object is now what ``other`` is, for everyone who holds it."""
        self.entry, self.weights, self.value = other.entry, other.weights, other.value
        self._size, self._type = other._size, other._type
        return self

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Reached only where no tracer is active: a tensor that a model kept after its capture."""
        from featherbone.errors import FeatherboneError

        raise FeatherboneError(
            f"{getattr(func, '__name__', func)} was called on a tensor of a capture that has ended",
            hint="a captured tensor has no values; run the model again",
        )

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        from featherbone.nn.capture.dispatched import answered

        return answered(func, args, kwargs or {})

    # Answered here, as a model asks for them all the time.
    shape = property(lambda self: self._size)
    dtype = property(lambda self: self._type)
    device = property(lambda self: self._place)
    ndim = property(lambda self: len(self._size))
    requires_grad = property(lambda self: False, lambda self, wanted: None)
    is_cuda = property(lambda self: self._place.type == "cuda")

    def size(self, dim: int | None = None) -> Any:
        return self._size if dim is None else self._size[dim]

    def dim(self) -> int:
        return len(self._size)

    def numel(self) -> int:
        return self._size.numel()

    def __len__(self) -> int:
        return self._size[0]

    def is_floating_point(self) -> bool:
        return self._type.is_floating_point

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Traced({tuple(self._size)}, {self._type})"

    def __format__(self, spec: str) -> str:
        return repr(self)

    __hash__ = object.__hash__

    ndimension, nelement = dim, numel
