"""``featherbone train``: a network on a folder of images, to a verified model and its report."""

from __future__ import annotations

from featherbone.cli.request_command import command_of
from featherbone.cli.run_output import print_run
from featherbone.job import TrainRequest


@command_of(TrainRequest)
def train(request: TrainRequest, json: bool) -> None:
    """Train, export, verify and explain a network.

    The same command again continues where it stopped. `torchrun … -m featherbone train …` trains in several processes.
    With --json, progress goes to standard error.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import run_train
    from featherbone.train.several.distributed import is_first

    with Live(stderr=json) as live:
        folder = run_train(request, live)
    if is_first():
        print_run(folder, never_saw="it never saw", json=json)
