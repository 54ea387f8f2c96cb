"""From PyTorch to a graph: ``capture(model, (3, 224, 224))``."""

from featherbone.nn.capture.capture import Captured as Captured
from featherbone.nn.capture.capture import CaptureWarning as CaptureWarning
from featherbone.nn.capture.capture import ValuesNeeded as ValuesNeeded
from featherbone.nn.capture.capture import capture as capture
from featherbone.nn.capture.capture import trace as trace

__all__ = ["CaptureWarning", "Captured", "ValuesNeeded", "capture", "trace"]
