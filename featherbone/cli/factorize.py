"""``featherbone factorize``: the layers of a trained network in cheaper forms, each shown before any is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from featherbone.cli.output import console, print_json, print_table
from featherbone.cli.request_command import command_of
from featherbone.job import FactorizeRequest

if TYPE_CHECKING:
    from featherbone.job.factorizing.factorize import FactorizedFile
    from featherbone.job.factorizing.plan import FactorizingPlan
    from featherbone.rewrite.factorizing import FactorizedLayer


@command_of(FactorizeRequest)
def factorize(request: FactorizeRequest, json: bool) -> None:
    """Write trained layers as cheaper ones: what each would lose, cost and take, and with --out a new model.

    Ranks are one for all (--rank), a share of each layer (--share), or what loses least for the whole (--macs). With
    DATA, layers are fitted to what they write for those images, without labels, and what is left is mended.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import carry_out, plan_factorizing

    with Live(stderr=True) as live:
        plan = plan_factorizing(request, live)
    if not json:
        _print_plan(plan)
    done = None
    if request.out is not None:
        with Live(stderr=True) as live:
            done = carry_out(plan, live)
    if json:
        print_json(_document(plan, done))
    elif done is not None:
        _print_file(done)


def _print_plan(plan: FactorizingPlan) -> None:
    from featherbone.cost import count
    from featherbone.quantity import format_count

    whole = count(plan.network.graph)
    rows = []
    for place, each in enumerate(plan.chosen):
        times = [f"{time:.3f}" for time in plan.times[place]] if plan.times else ["", ""]
        cost = [format_count(value) for value in (each.whole.macs, each.cost.macs, each.whole.params, each.cost.params)]
        rows.append((each.layer, each.form, str(each.rank), f"{100 * each.error:.2f} %", *cost, *times))
    saved = sum(each.saved for each in plan.chosen)
    columns = ("layer", "form", "rank", "error", "MACs", "then", "params", "then", "ms", "then")
    totals = [sum(times) for times in zip(*plan.times, strict=True)] if plan.times else []
    total = (
        "all of these", "", "", "",
        *(format_count(sum(values)) for values in zip(*(_costs(each) for each in plan.chosen), strict=True)),
        *([f"{time:.3f}" for time in totals] or ["", ""]),
    )  # fmt: skip
    said = "what each writes for the images" if plan.sample else "its squared weights"
    print_table(f"{plan.model.graph.name}: errors are shares of {said}", columns, rows, left=2, total=total)
    screen = console()
    macs = int(whole.macs)
    screen.print(
        f"{format_count(macs)} multiply-adds, {format_count(macs - saved)} with these {len(plan.chosen)} layers "
        f"({100 * (1 - saved / macs):.1f} %)"
    )
    if totals and totals[1] >= totals[0]:
        screen.print("no faster here: what is saved in multiply-adds is lost in more and smaller layers")
    if plan.table.left:
        print_table("left as they are", ("layer", "why"), plan.table.left, left=2)


def _costs(each: FactorizedLayer) -> tuple[int, int, int, int]:
    return each.whole.macs, each.cost.macs, each.whole.params, each.cost.params


def _print_file(done: FactorizedFile) -> None:
    from featherbone.quantities import format_milliseconds
    from featherbone.quantity import format_bytes

    screen = console()
    if done.agreement is not None:
        screen.print(f"answers as the model did for {100 * done.agreement:.1f} % of other images")
    if done.latency:
        before, after = done.latency
        slower = "" if after < before else ": no faster"
        now, then = format_milliseconds(after), format_milliseconds(before)
        screen.print(f"the whole network takes {now} here, and {then} before{slower}")
    screen.print(f"{done.path}, {format_bytes(done.path.stat().st_size)}")


def _document(plan: FactorizingPlan, done: FactorizedFile | None) -> dict[str, Any]:
    times = plan.times or [None] * len(plan.chosen)
    return {
        "network": plan.model.graph.name,
        "images": None if plan.sample is None else len(plan.sample.fitted),
        "layers": [
            {**_row(each), "milliseconds": None if time is None else {"whole": time.whole, "factorized": time.chain}}
            for each, time in zip(plan.chosen, times, strict=True)
        ],
        "tried": [_row(each) for each in plan.table.tried],
        "left": [{"layer": layer, "why": why} for layer, why in plan.table.left],
        "written": None if done is None else done.facts(),
    }


def _row(each: FactorizedLayer) -> dict[str, Any]:
    return {
        "layer": each.layer,
        "form": each.form,
        "rank": each.rank,
        "error": each.error,
        "macs": each.cost.macs,
        "params": each.cost.params,
        "whole_macs": each.whole.macs,
        "whole_params": each.whole.params,
    }
