"""Where trials are trained: in this process, in several on this machine, or on a Ray cluster."""

from featherbone.search.executors.base import CheckpointMissing, Executor, Message, Outcome, Placed, Task, Tell, Work
from featherbone.search.executors.in_process import InProcess
from featherbone.search.executors.processes import Processes

__all__ = [
    "CheckpointMissing",
    "Executor",
    "InProcess",
    "Message",
    "Outcome",
    "Placed",
    "Processes",
    "Task",
    "Tell",
    "Work",
]
