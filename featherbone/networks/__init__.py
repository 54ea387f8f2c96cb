"""One file per paper: its table as code; and every network by name."""

from featherbone.networks.registry import NETWORKS, NamedNetwork
from featherbone.networks.spec import list_networks, network

__all__ = ["NETWORKS", "NamedNetwork", "list_networks", "network"]
