"""Who trains the trials of a search, and where: this process, several on this machine, or the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from featherbone.errors import FeatherboneError
from featherbone.job.storage import Storage, Stored
from featherbone.job.trials import TrialWork
from featherbone.progress import Progress
from featherbone.search.executors import Executor, InProcess, Processes
from featherbone.search.executors.on_ray import OnRay
from featherbone.search.executors.ray_cluster import connected, fewest_cores, room


@dataclass(frozen=True, kw_only=True)
class Crew:
    """So many trials at a time, each computed by so many threads."""

    workers: int
    threads: int
    on_ray: bool = False

    def executor(self, work: TrialWork, progress: Progress, storage: Storage | None) -> Executor:
        """Workers that do this work; on a cluster, with checkpoints in the storage where there is one."""
        if self.on_ray:
            remote = work if storage is None else Stored(work=work, storage=storage)
            return OnRay(remote, workers=self.workers, threads=self.threads)
        return InProcess(work, progress) if self.workers == 1 else Processes(work, self.workers)


@contextmanager
def crew(*, workers: int | None, ray: str | None, storage: str | None, large: bool) -> Iterator[Crew]:
    """The crew of a search, for as long as the block lasts.

    Without ``workers``, one on this machine, or as many as a cluster has room for. A ``large`` network is computed by
    all cores of a worker's share; a small one by one, as threads would wait for each other longer than they compute.

    Raises:
        FeatherboneError: storage without Ray; Ray is not installed; there is no such cluster.
    """
    if ray is None:
        if storage is not None:
            raise FeatherboneError(
                f"--storage {storage} is given without --ray", hint="workers on this machine use the run's folder"
            )
        number = workers or 1
        yield Crew(workers=number, threads=max(1, torch.get_num_threads() // number) if large else 1)
        return
    with connected(ray):
        threads = fewest_cores() if large else 1
        yield Crew(workers=workers or room(threads), threads=threads, on_ray=True)
