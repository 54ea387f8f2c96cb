"""What a network is: operators, the graph that holds them, wires that build it, JSON text. Knows nothing above it."""

from featherbone.graph.branches import Branch, branches, drop_branches
from featherbone.graph.channel_sets import ChannelSet, ChannelSets, ChannelSpace, channel_sets
from featherbone.graph.dimension import Dim, Shape, symbols
from featherbone.graph.graph import Graph, Node
from featherbone.graph.narrow import narrow_graph
from featherbone.graph.resize import resize_graph
from featherbone.graph.scope import scope
from featherbone.graph.text import from_json, to_json
from featherbone.graph.wire import Wire, concat, image

__all__ = [
    "Branch",
    "ChannelSet",
    "ChannelSets",
    "ChannelSpace",
    "Dim",
    "Graph",
    "Node",
    "Shape",
    "Wire",
    "branches",
    "channel_sets",
    "concat",
    "drop_branches",
    "from_json",
    "image",
    "narrow_graph",
    "resize_graph",
    "scope",
    "symbols",
    "to_json",
]
