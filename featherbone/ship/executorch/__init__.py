"""ExecuTorch as a target: the XNNPACK delegate of PyTorch's runtime for devices."""
