"""What a quantized network computes, in integers, one file a family of operators."""

from featherbone.quantize.reference.run import integer_maps as integer_maps
from featherbone.quantize.reference.run import reference as reference
from featherbone.quantize.reference.tables import activation_table as activation_table

__all__ = ["activation_table", "integer_maps", "reference"]
