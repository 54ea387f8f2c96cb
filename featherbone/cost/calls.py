"""How the operators of a graph were called, by name: what the conventions of other tools ask."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from featherbone.graph.called import Called

Calls: TypeAlias = Mapping[str, Called]
NO_CALLS: Calls = MappingProxyType({})
"""Every operator is then taken for the layer of ``torch.nn`` that computes it: a graph holds no other way."""
