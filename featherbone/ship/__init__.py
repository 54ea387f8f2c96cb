"""A trained network leaves: exported to ONNX, checked against what was trained, timed, and used from either file."""
