"""``featherbone prune``: a trained network cut to a budget, mended, taught, and compared with what it was."""

from __future__ import annotations

from featherbone.cli.request_command import command_of
from featherbone.cli.run_output import print_run
from featherbone.job import PruneRequest


@command_of(PruneRequest)
def prune(request: PruneRequest, json: bool) -> None:
    """Cut a trained network to a budget, mend it, and teach it by the uncut one.

    The same command again continues where it stopped. With --json, progress goes to standard error.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import run_prune

    with Live(stderr=json) as live:
        folder = run_prune(request, live)
    print_run(folder, never_saw="it never saw", json=json)
