"""``featherbone quantize``: a trained network in integers, judged, verified, timed, and compared with what it was."""

from __future__ import annotations

from featherbone.cli.request_command import command_of
from featherbone.cli.run_output import print_run
from featherbone.job import QuantizeRequest


@command_of(QuantizeRequest)
def quantize(request: QuantizeRequest, json: bool) -> None:
    """Write a trained network in integers that is as good as it was, and say how large and how fast that is.

    Grids and integers are chosen by training images without their labels; validation images say what is lost. The same
    command again continues where it stopped. With --json, progress goes to standard error.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import run_quantize

    with Live(stderr=json) as live:
        folder = run_quantize(request, live)
    print_run(folder, never_saw="it never saw", json=json)
