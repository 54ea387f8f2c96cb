"""Data sets by name: fetched once, checked against their published hash, read where they lie."""

from featherbone.data.named.fetch import open_named
from featherbone.data.named.table import NAMED, Named

__all__ = ["NAMED", "Named", "open_named"]
