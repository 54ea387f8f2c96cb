"""ONNX as a target: float32, float16 and integers, from prepared tensors or from images."""
