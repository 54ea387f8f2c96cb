"""Quantized networks: integers for weights and maps, how they are chosen, and the reference that defines them.

What writes ONNX is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from featherbone.lazy import loader
from featherbone.quantize.build import QuantizationChoice as QuantizationChoice
from featherbone.quantize.build import quantize as quantize
from featherbone.quantize.costs import described as described
from featherbone.quantize.costs import map_bytes as map_bytes
from featherbone.quantize.costs import weight_bytes as weight_bytes
from featherbone.quantize.fake import FakeQuantized as FakeQuantized
from featherbone.quantize.file import load_model as load_model
from featherbone.quantize.file import load_quantized as load_quantized
from featherbone.quantize.file import save_quantized as save_quantized
from featherbone.quantize.grid import Grid as Grid
from featherbone.quantize.grid import grid_over as grid_over
from featherbone.quantize.model import QuantizedModel as QuantizedModel
from featherbone.quantize.nearest import nearest_network as nearest_network
from featherbone.quantize.network import QuantizedLayer as QuantizedLayer
from featherbone.quantize.network import QuantizedNetwork as QuantizedNetwork
from featherbone.quantize.prepare import prepared as prepared
from featherbone.quantize.reference import activation_table as activation_table
from featherbone.quantize.reference import integer_maps as integer_maps
from featherbone.quantize.reference import reference as reference

if TYPE_CHECKING:
    from featherbone.quantize.onnx_file import to_qdq as to_qdq

__all__ = [
    "FakeQuantized",
    "Grid",
    "QuantizationChoice",
    "QuantizedLayer",
    "QuantizedModel",
    "QuantizedNetwork",
    "activation_table",
    "described",
    "grid_over",
    "integer_maps",
    "load_model",
    "load_quantized",
    "map_bytes",
    "nearest_network",
    "prepared",
    "quantize",
    "reference",
    "save_quantized",
    "to_qdq",
    "weight_bytes",
]

__getattr__ = loader(__name__, {"to_qdq": "onnx_file"})
