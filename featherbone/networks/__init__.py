"""One file per paper: its table as code; and every network by name."""

from featherbone.networks.registry import NETWORKS, Network
from featherbone.networks.spec import list_networks, network

__all__ = ["NETWORKS", "Network", "list_networks", "network"]
