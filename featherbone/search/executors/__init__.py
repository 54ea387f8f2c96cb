"""Where trials are trained: in this process, in several on this machine, or on a Ray cluster."""

from featherbone.search.executors.base import Executor, Outcome, Task, Tell, Work
from featherbone.search.executors.in_process import InProcess
from featherbone.search.executors.processes import Processes

__all__ = ["Executor", "InProcess", "Outcome", "Processes", "Task", "Tell", "Work"]
