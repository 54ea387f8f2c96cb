"""What a network is: operators, the graph that holds them, wires that build it, JSON text. Knows nothing above it."""

from featherbone.graph.dimension import Dim, Shape, symbols
from featherbone.graph.graph import Graph, Node
from featherbone.graph.scope import scope
from featherbone.graph.text import from_json, to_json
from featherbone.graph.wire import Wire, concat, image

__all__ = ["Dim", "Graph", "Node", "Shape", "Wire", "concat", "from_json", "image", "scope", "symbols", "to_json"]
