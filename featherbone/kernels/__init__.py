"""Our C++ for training on CPUs, and how it is built."""
