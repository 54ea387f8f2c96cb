"""What a network will cost in time: kernels measured once, whole networks predicted."""
