"""Who trains the trials of a search, and where: this process, several on this machine, or the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from featherbone.job.search.node_check import marked
from featherbone.job.search.request import FitRequest
from featherbone.job.search.storage import Storage, Stored, storage_of
from featherbone.job.search.trial_work import Images, TrialWork
from featherbone.progress import Noticed, Progress, Step
from featherbone.search.executors import Executor, InProcess, Processes
from featherbone.search.executors.on_ray import OnRay
from featherbone.search.executors.ray_cluster import connected, fewest_cores, room
from featherbone.search.executors.ray_nodes import Nodes
from featherbone.search.record.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Workers:
    """So many trials at a time, each computed by so many threads."""

    count: int
    threads: int
    nodes: Nodes | None = None  # of a cluster
    storage: Storage | None = None

    def executor(self, work: TrialWork, progress: Progress) -> Executor:
        """Workers that do this work; on a cluster, with checkpoints in the storage where there is one."""
        if self.nodes is not None:
            remote = work if self.storage is None else Stored(work=work, storage=self.storage)
            return OnRay(remote, self.nodes, workers=self.count, threads=self.threads)
        return InProcess(work, progress) if self.count == 1 else Processes(work, self.count)


@contextmanager
def workers_for(
    request: FitRequest, ledger: Ledger, images: Images, folder: Path, *, large: bool, progress: Progress
) -> Iterator[Workers]:
    """The workers of a search in a run's folder, for as long as the block lasts.

    Unless their number is asked for, one on this machine, or as many as the fit nodes of a cluster have room for: each
    is looked at first. A ``large`` network is computed by all cores of a worker's share; a small one by one, as threads
    would wait for each other longer than they compute.

    Raises:
        FeatherboneError: the storage cannot be used; Ray is not installed; there is no such cluster; none of its nodes
            can work.
    """
    if request.ray is None:
        count = request.workers or 1
        yield Workers(count=count, threads=max(1, torch.get_num_threads() // count) if large else 1)
        return
    storage = storage_of(ledger, request.storage)
    with connected(request.ray), marked(images, folder, storage) as check:
        progress(Step(name="nodes", detail=request.ray))
        nodes = Nodes(check)
        for sentence in nodes.wait():
            progress(Noticed(sentence=sentence))
        nodes.require_fit()
        fit = nodes.fit()
        threads = fewest_cores(among=fit) if large else 1
        count = request.workers or room(threads, among=fit)
        yield Workers(count=count, threads=threads, nodes=nodes, storage=storage)
