"""``featherbone convert``: weights from elsewhere become a model file."""

from __future__ import annotations

from featherbone.cli.output import console, print_json
from featherbone.cli.request_command import command_of
from featherbone.job import ConvertRequest


@command_of(ConvertRequest)
def convert(request: ConvertRequest, json: bool) -> None:
    """Make a model file of weights from elsewhere: network, weights, class names and preprocessing in one.

    All other commands take it as --network, --teacher or MODEL. What the weights do not say, and what was decided, is
    printed.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import run_convert
    from featherbone.job.training.starting import some
    from featherbone.quantity import format_bytes, format_count

    with Live(stderr=True) as live:
        done = run_convert(request, live)
    facts = done.facts()
    if json:
        print_json(facts)
        return
    screen, given = console(), done.model.preprocessing
    screen.print(
        f"{facts['network']}: {format_count(facts['params'])} parameters, {format_count(facts['macs'])} multiply-adds, "
        f"{some(done.model.classes)}"
    )
    screen.print(
        f"takes {given.channels}×{given.resolution}×{given.resolution}, {given.view}; "
        f"mean {', '.join(map(str, given.mean))}, deviation {', '.join(map(str, given.std))}"
    )
    for sentence in done.said:
        screen.print(f"- {sentence}")
    screen.print(f"{done.path}, {format_bytes(done.path.stat().st_size)}")
