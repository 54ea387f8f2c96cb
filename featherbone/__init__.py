"""featherbone: design, measure, search, train, shrink and ship light convolutional networks.

    >>> import featherbone as fb
    >>> graph = fb.network("mobilenet_v2")
    >>> fb.count(graph).macs
    300774272

The public names are loaded when they are first used: ``import featherbone`` loads neither torch nor sympy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.errors import FeatherboneError
from featherbone.lazy import loader

if TYPE_CHECKING:
    from featherbone.cost import count as count
    from featherbone.cost import peak_memory as peak_memory
    from featherbone.graph import Graph as Graph
    from featherbone.graph import Wire as Wire
    from featherbone.graph import concat as concat
    from featherbone.graph import from_json as from_json
    from featherbone.graph import image as image
    from featherbone.graph import scope as scope
    from featherbone.graph import symbols as symbols
    from featherbone.graph import to_json as to_json
    from featherbone.hub import load as load
    from featherbone.importing import profile as profile
    from featherbone.importing import read_model as read_model
    from featherbone.job import fit as fit
    from featherbone.job import train_network as train_network
    from featherbone.networks import network as network
    from featherbone.nn import Model as Model
    from featherbone.nn import module as module
    from featherbone.nn import save_model as save_model
    from featherbone.quantize import load_model as load_model
    from featherbone.ship.c import compile as compile

__version__ = "0.1.0"

_HOME = {
    "Graph": "graph",
    "Model": "nn",
    "Wire": "graph",
    "concat": "graph",
    "compile": "ship.c",
    "count": "cost",
    "fit": "job",
    "from_json": "graph",
    "image": "graph",
    "load": "hub",
    "load_model": "quantize",
    "module": "nn",
    "network": "networks",
    "peak_memory": "cost",
    "profile": "importing",
    "read_model": "importing",
    "save_model": "nn",
    "scope": "graph",
    "symbols": "graph",
    "to_json": "graph",
    "train_network": "job",
}

__all__ = ["FeatherboneError", "__version__", *sorted(_HOME)]

__getattr__ = loader(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(__all__)
