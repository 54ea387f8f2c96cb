"""OpenVINO's own format as a target, made of our ONNX."""
