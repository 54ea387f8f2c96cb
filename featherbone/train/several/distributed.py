"""Several processes that train one network together, as `torchrun` starts them.

Each process holds a replica and trains on its share of every batch; gradients, and the statistics of batch norms, are
of the whole batch, so that the number of processes changes nothing but the rounding. Tensors of a step travel through
NCCL between GPUs and through gloo otherwise; what the processes must agree on travels through gloo.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed

from featherbone.errors import FeatherboneError, ToldElsewhere
from featherbone.train.several.meeting import meet

STEP = timedelta(minutes=10)  # how long a process waits in a step for one that neither answers nor ends
WAIT = timedelta(days=1)  # and for the first one, which may read a large data set
BRIEF, LONG = 5e-5, 0.05  # seconds between two looks at whether the others have answered
SETTLE = 1.0  # seconds for threads of torch to put down what has failed
BROKEN = ("gloo", "NCCL", "Connection closed", "Connection reset", "Broken pipe", "Timed out")


@dataclass(frozen=True)
class TrainingProcesses:
    """The processes of one training, as one of them sees them; alone by default.

    >>> TrainingProcesses().first, TrainingProcesses(rank=1, count=2).part
    (True, (1, 2))
    """

    rank: int = 0
    count: int = 1
    group: distributed.ProcessGroup | None = None  # gloo, for what is agreed on

    @property
    def first(self) -> bool:
        """Whether this one writes and speaks for all."""
        return self.rank == 0

    @property
    def part(self) -> tuple[int, int]:
        return self.rank, self.count

    def sum(self, value: float) -> float:
        """The sum over all processes, in double precision."""
        if self.count == 1:
            return value
        total = torch.tensor([value], dtype=torch.float64)
        self._await(distributed.all_reduce(total, group=self.group, async_op=True))
        return float(total)

    def agreed(self, decide: Callable[[], Any]) -> Any:
        """What `decide` returns in the first process, in all of them; it must be made of what JSON knows.

        >>> TrainingProcesses().agreed(lambda: {"channels_last": True})
        {'channels_last': True}

        Raises `FeatherboneError` in all of them where it does in the first.
        """
        if self.count == 1:
            return decide()
        answer: dict[str, Any] = {}
        failure: BaseException | None = None
        if self.first:
            try:
                answer = {"value": decide()}
            except FeatherboneError as error:
                answer, failure = {"sentence": error.sentence, "hint": error.hint}, error
        answer = json.loads(self._shared_bytes(json.dumps(answer).encode()))
        if failure is not None:
            raise failure
        if "sentence" in answer:
            raise ToldElsewhere(answer["sentence"], hint=answer["hint"])
        return answer["value"]

    def shared(self, tensor: Tensor) -> Tensor:
        """The first process's values, in all of them: a CPU tensor of the same shape and type everywhere."""
        if self.count > 1:
            self._await(distributed.broadcast(tensor, src=0, group=self.group, async_op=True))
        return tensor

    def gathered(self, rows: Tensor) -> Tensor:
        """The rows that each process has of a whole, interleaved: of each process every `count`-th row, on the CPU."""
        if self.count == 1:
            return rows
        total = int(self.sum(len(rows)))
        most = -(-total // self.count)
        padded = torch.zeros((most, *rows.shape[1:]), dtype=rows.dtype)
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in range(self.count)]
        self._await(distributed.all_gather(parts, padded, group=self.group, async_op=True))
        return torch.stack(parts, dim=1).flatten(0, 1)[:total]

    def _await(self, work: distributed.Work) -> None:
        """Wait in Python, so that signals are heard: in torch's own wait, for as long as data are read, none is."""
        pause = BRIEF
        while not work.is_completed():
            try:
                time.sleep(pause)
            except BaseException:
                assert self.group is not None
                self.group.abort()  # else the end of this process would wait for the others
                raise
            pause = min(1.5 * pause, LONG)
        work.wait()

    def _shared_bytes(self, content: bytes) -> bytes:
        length = int(self.shared(torch.tensor([len(content)], dtype=torch.int64)))
        held = bytearray(content) if self.first else bytearray(length)
        return self.shared(torch.frombuffer(held, dtype=torch.uint8)).numpy().tobytes()


ALONE = TrainingProcesses()


@contextmanager
def joined(device: str = "cpu") -> Iterator[TrainingProcesses]:
    """Join the processes that `torchrun` started, until the block ends; one that was started alone stays alone.

    >>> with joined() as processes:
    ...     processes.count
    1

    Where torch's process group is there already, it is used and left as it is.

    Raises `FeatherboneError` where another process ends while this one waits for it.
    """
    count, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    ours = not distributed.is_initialized()
    if ours and count == 1:
        yield ALONE
        return
    try:
        if ours:
            here = torch.device(device)
            if here.type == "cuda":
                torch.cuda.set_device(here)
            distributed.init_process_group(
                "nccl" if here.type == "cuda" else "gloo",
                store=meet(rank, count, patience=STEP),
                rank=rank,
                world_size=count,
                timeout=STEP,
            )
        rank, count = distributed.get_rank(), distributed.get_world_size()
        yield TrainingProcesses(rank, count, distributed.new_group(backend="gloo", timeout=WAIT))
    except BaseException as error:
        if count > 1:
            # Threads of torch put down what has failed, for which they need Python's lock. The end of their group has
            # it while it waits for them, and so would wait for ever.
            time.sleep(SETTLE)
        if not isinstance(error, RuntimeError) or not any(word in str(error) for word in BROKEN):
            raise
        raise FeatherboneError(
            f"process {rank + 1} of {count} stops, as another one has ended or does not answer",
            hint="see what that one said; the same command goes on after the last checkpoint, with as many processes "
            "as you like",
        ) from error
    finally:
        if ours and distributed.is_initialized():
            distributed.destroy_process_group()


def is_first() -> bool:
    """Whether this process, alone or started by `torchrun`, is the one that writes and speaks for all."""
    return os.environ.get("RANK", "0") == "0"


def own_device(device: str) -> str:
    """Where a process computes: of several GPUs on a machine, each process has its own.

    >>> own_device("cpu"), own_device("cuda:1")
    ('cpu', 'cuda:1')
    """
    local = os.environ.get("LOCAL_RANK")
    return f"cuda:{local}" if device == "cuda" and local is not None else device
