"""What a runtime really runs: its kernels, how long each takes, and from that how long a network will take.

ONNX Runtime fuses a convolution with the activation and the addition after it, and keeps maps in blocks of channels
where it can. ``plan`` knows its rules, ``timing`` measures the kernels that follow from them, ``store`` keeps what was
measured, ``times`` fills the gaps, ``predictor`` adds up, and ``calibration`` learns from whole networks what the sum
misses.
"""
