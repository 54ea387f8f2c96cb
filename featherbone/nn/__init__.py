"""The bridge to PyTorch: a graph as a module, its weights, and both in one file that runs no code when read.

What writes ONNX is loaded when it is first used: a module is profiled without the package ``onnx``.
"""

from typing import TYPE_CHECKING

from featherbone.lazy import loader
from featherbone.nn.build import module as module
from featherbone.nn.build import module_with as module_with
from featherbone.nn.codegen import source as source
from featherbone.nn.container import read_foreign_tensors as read_foreign_tensors
from featherbone.nn.container import read_tensors as read_tensors
from featherbone.nn.container import stated_checksum as stated_checksum
from featherbone.nn.container import write_tensors as write_tensors
from featherbone.nn.foreign import load_foreign as load_foreign
from featherbone.nn.foreign import match_by_order as match_by_order
from featherbone.nn.model import Model as Model
from featherbone.nn.model import load_model as load_model
from featherbone.nn.model import save_model as save_model
from featherbone.nn.preprocessing import Preprocessing as Preprocessing
from featherbone.nn.weights import check_weights as check_weights
from featherbone.nn.weights import weights_of as weights_of

if TYPE_CHECKING:
    from featherbone.nn.onnx_writer import to_onnx as to_onnx
    from featherbone.nn.onnx_writer import untrained_onnx as untrained_onnx

__all__ = [
    "Model",
    "Preprocessing",
    "check_weights",
    "load_foreign",
    "load_model",
    "match_by_order",
    "module",
    "module_with",
    "read_foreign_tensors",
    "read_tensors",
    "save_model",
    "source",
    "stated_checksum",
    "to_onnx",
    "untrained_onnx",
    "weights_of",
    "write_tensors",
]

__getattr__ = loader(__name__, dict.fromkeys(("to_onnx", "untrained_onnx"), "onnx_writer"))
