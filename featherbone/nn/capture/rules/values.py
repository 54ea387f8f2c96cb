"""Functions that look at values: without any, the model must run on real tensors."""

from __future__ import annotations

from typing import Any

from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.tracer import Tracer

NAMES = (
    "item",
    "_local_scalar_dense",
    "tolist",
    "numpy",
    "as_bool",
    "as_int",
    "as_float",
    "as_index",
    "as_complex",
    "contains",
    "is_nonzero",
    "equal",
    "allclose",
    "nonzero",
    "argwhere",
    "unique",
    "unique_consecutive",
    "masked_select",
    "array",
    "data_ptr",
    "storage",
    "untyped_storage",
)


class NeedsValues(Exception):
    """The model asked for a value; the sentence says where and by which function."""


def looks(name: str) -> Rule:
    def rule(tracer: Tracer, *args: Any, **settings: Any) -> Any:
        if tracer.real:
            raise NoRule
        raise NeedsValues(f"{tracer.place or 'the model'} looks at the values of a tensor ({name})")

    return rule


RULES: dict[str, Rule] = {name: looks(name.removeprefix("as_")) for name in NAMES}
