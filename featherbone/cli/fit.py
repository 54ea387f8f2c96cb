"""``featherbone fit``: the main job, from a folder of images and a budget to a verified network and its report."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout

from featherbone.cli.request_command import command_of
from featherbone.cli.run_output import print_run
from featherbone.job import FitRequest


@command_of(FitRequest)
def fit(request: FitRequest, json: bool) -> None:
    """Find, train, export, verify and explain the most accurate network within a budget.

    The same command again continues where it stopped. With --json, progress goes to standard error.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import run_fit

    # Ray prints what happens to its nodes, which is no part of the JSON.
    with redirect_stdout(sys.stderr) if json else nullcontext(), Live(stderr=json) as live:
        folder = run_fit(request, live)
    print_run(folder, never_saw="the search never saw", json=json)
