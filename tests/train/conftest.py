"""Tests of training run on one thread."""

from one_thread import one_thread as one_thread
