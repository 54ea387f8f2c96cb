"""A graph and its weights as ONNX: the file that ships, and the file that is timed."""

from featherbone.nn.onnx_writer.write import INPUT as INPUT
from featherbone.nn.onnx_writer.write import OUTPUT as OUTPUT
from featherbone.nn.onnx_writer.write import require_writable as require_writable
from featherbone.nn.onnx_writer.write import to_onnx as to_onnx
from featherbone.nn.onnx_writer.write import untrained_onnx as untrained_onnx

__all__ = ["INPUT", "OUTPUT", "require_writable", "to_onnx", "untrained_onnx"]
