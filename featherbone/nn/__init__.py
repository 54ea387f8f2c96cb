"""The bridge to PyTorch: a graph as a module, its weights, and both in one file that runs no code when read."""

from featherbone.nn.build import module as module
from featherbone.nn.build import module_with as module_with
from featherbone.nn.codegen import source as source
from featherbone.nn.container import read_tensors as read_tensors
from featherbone.nn.container import write_tensors as write_tensors
from featherbone.nn.weights import check_weights as check_weights
from featherbone.nn.weights import weights_of as weights_of

__all__ = ["check_weights", "module", "module_with", "read_tensors", "source", "weights_of", "write_tensors"]
