"""ONNX files as graphs: parsed, checked, and replayed through the rules that answer a running model."""

from featherbone.nn.onnx_reader.read import read_onnx as read_onnx

__all__ = ["read_onnx"]
