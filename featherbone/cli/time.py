"""``featherbone time``: how long networks take on this machine, and where under its roofline each operator stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.completion import complete_networks, complete_runtimes
from featherbone.cli.options import NETWORK_HELP, Inputs, Json, inputs_of, read_network
from featherbone.cli.output import console, print_json, print_table, with_lead
from featherbone.errors import FeatherboneError
from featherbone.files import MODELS

if TYPE_CHECKING:
    from featherbone.graph import Graph
    from featherbone.measure import Latency, MachineLimits, Profile
    from featherbone.measure.subject import Built, OnnxFile
    from featherbone.nn import Model
    from featherbone.quantize import QuantizedModel

SCHEMA = "featherbone.time/1"


def time(
    models: Annotated[
        list[str],
        typer.Argument(
            help=NETWORK_HELP + " Also an ONNX file (.onnx).", metavar="MODEL...", autocompletion=complete_networks
        ),
    ],
    runtime: Annotated[
        str,
        typer.Option(help="Of torch, onnxruntime, openvino; several with commas.", autocompletion=complete_runtimes),
    ] = "onnxruntime",
    threads: Annotated[str, typer.Option(help="Threads; several numbers with commas.")] = "1",
    batch: Annotated[
        int | None, typer.Option(help="Images at once: 1, or what an ONNX file was exported for, unless given.")
    ] = None,
    operators: Annotated[
        bool, typer.Option("--operators", help="Also the time of each operator, beside this machine's limits.")
    ] = False,
    input: Inputs = None,
    json: Json = False,
) -> None:
    """Latency on this machine: p50, p90, p99 after a warm-up, in a fresh process for each measurement."""
    from featherbone.cli.steps import steps
    from featherbone.measure import measure, measure_limits, prepared, profile

    runtimes, counts = _words("runtime", runtime), [_number(word) for word in _words("threads", threads)]
    _check(counts, batch)
    inputs = inputs_of(models, input)
    latencies: list[Latency] = []
    profiles: list[Profile] = []
    limits: dict[int, MachineLimits] = {}
    with steps() as say:
        read = []
        for model in models:
            say(f"reading {model}")
            read.append(read_subject(model, inputs[model]))
        with prepared(read, runtimes, progress=say) as subjects:
            for count in counts:
                for name in runtimes:
                    latencies += measure(subjects, runtime=name, threads=count, batch=batch, progress=say)
                if operators:
                    limits[count] = measure_limits(count, progress=say)
                    roofline = limits[count].roofline
                    profiles += [
                        profile(subject, roofline, runtime=name, threads=count, batch=batch, progress=say)
                        for name in runtimes
                        for subject in subjects
                    ]
    if json:
        print_json(
            {
                "schema": SCHEMA,
                "measurements": [latency.to_json() for latency in latencies],
                "limits": list(limits.values()),
                "profiles": [profiled.to_json() for profiled in profiles],
            }
        )
        return
    _print_latencies(latencies)
    for profiled in profiles:
        _print_profile(profiled, limits[profiled.threads])


def _print_latencies(latencies: list[Latency]) -> None:
    from featherbone.measure.noise import RULE

    batches = sorted({latency.batch for latency in latencies})
    rows = [
        (
            latency.runtime,
            latency.network
            if latency.batch == 1 or len(batches) == 1
            else f"{latency.network} ({latency.batch} images)",
            str(latency.threads),
            *map(_short, (latency.times.p50_ms, latency.times.p90_ms, latency.times.p99_ms, latency.times.min_ms)),
            f"{_short(latency.times.low_ms)}–{_short(latency.times.high_ms)}",
            f"{latency.times.n:,}",
            "noisy" if latency.noisy else "",
        )
        for latency in latencies
    ]
    columns = ("runtime", "network", "threads", "p50", "p90", "p99", "min", "95 % of p50", "runs", "")
    print_table(f"milliseconds for a batch of {' or '.join(map(str, batches))}", columns, rows, left=2)
    screen = console()
    around = latencies[0].environment
    versions = ", ".join(sorted({" ".join(pair) for latency in latencies for pair in latency.environment.versions}))
    screen.print(f"{around.cpu}, {around.cores} cores, {around.system}")
    screen.print(versions)
    loads = [latencies[0].environment.load_before, latencies[-1].environment.load_after]
    if None not in loads:
        screen.print(f"load average {loads[0]:.2f} before, {loads[1]:.2f} after")
    for latency in latencies:
        if latency.noisy:
            measured = f"{latency.network}, {latency.runtime}, {latency.threads} thread{'s' * (latency.threads != 1)}"
            text = f" {measured}: {'; '.join(latency.noise)}"
            screen.print(with_lead("noisy:", text, "bold yellow"), soft_wrap=False)
    if any(latency.noisy for latency in latencies):
        screen.print(RULE, style="dim", soft_wrap=False)


def _short(milliseconds: float) -> str:
    """Four digits or more, and no more than three after the point.

    >>> [_short(value) for value in (0.18049, 11.2304, 789.96, 11230.019)]
    ['0.180', '11.23', '790.0', '11230']
    """
    before = len(str(int(milliseconds)))
    return f"{milliseconds:.{max(0, min(3, 4 - before))}f}"


def _print_profile(profiled: Profile, limits: MachineLimits) -> None:
    from featherbone.quantity import format_bytes, format_count

    total = profiled.milliseconds or 1.0
    rows = [
        (
            row.name,
            row.description,
            f"{row.milliseconds:.3f}",
            f"{100 * row.milliseconds / total:.1f} %",
            format_count(row.macs) if row.macs else "",
            format_bytes(row.bytes) if row.bytes else "",
            f"{100 * row.share:.0f} % {row.bound:7}" if row.bytes else "",
        )
        for row in profiled.operators
    ]
    title = f"{profiled.network} in {profiled.runtime}, {profiled.threads} thread{'s' * (profiled.threads != 1)}"
    columns = ("operator", "what", "ms", "of time", "MACs", "bytes", "of its limit")
    print_table(title, columns, rows, left=2)
    screen = console()
    reached = ", ".join(f"{name} {format_count(value)}" for name, value in limits.macs_per_second.items())
    screen.print(
        f"limits: {reached} MACs/s (1×1 convolutions), {format_bytes(limits.bytes_per_second)}/s (copy or triad); "
        f"compute-bound from {profiled.roofline.ridge:.1f} MACs a byte. Over 100 %: data came from a cache, or the "
        "runtime computes in fewer multiply-adds.",
        soft_wrap=False,
    )
    for bound in ("compute", "memory"):
        spent = sum(row.milliseconds for row in profiled.operators if row.bound == bound and row.bytes)
        screen.print(f"{bound}-bound: {100 * spent / total:.0f} % of the time")
    if profiled.untimed:
        screen.print(with_lead("no time known for", f" {', '.join(profiled.untimed)}", "bold yellow"))


def read_subject(target: str, inputs: Sequence[str] | None) -> Graph | Model | QuantizedModel | OnnxFile | Built:
    """The model that an argument names, under the name that the user gave it."""
    from featherbone.importing import takes_inputs
    from featherbone.measure.subject import Built, OnnxFile

    if target.lower().endswith(".onnx"):
        return OnnxFile(path=Path(target), inputs=tuple(inputs or ()))
    if target.lower().endswith(MODELS):
        from featherbone.quantize import QuantizedModel, load_model

        model = load_model(Path(target))
        return model if isinstance(model, QuantizedModel) else _renamed(model, Path(target).name)
    graph = read_network(target, inputs).renamed(Path(target).name)
    return Built(target=target, inputs=tuple(inputs or ()), graph=graph) if takes_inputs(target) else graph


def _renamed(model: Model, name: str) -> Model:
    return replace(model, graph=model.graph.renamed(name))


def _words(what: str, text: str) -> list[str]:
    words = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not words:
        raise FeatherboneError(f"{what} is {text!r}; it names none", hint="such as --runtime onnxruntime --threads 1,2")
    return words


def _number(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise FeatherboneError(f"threads is {word!r}; it must be whole numbers", hint="such as --threads 1,2") from None


def _check(threads: list[int], batch: int | None) -> None:
    """Refuse what cannot be measured before anything is exported; warn of threads that would share cores."""
    from featherbone.measure.environment import cores
    from featherbone.measure.latency import require_positive

    require_positive(batch=1 if batch is None else batch)
    for count in threads:
        require_positive(threads=count)
        if count > cores():
            shared = f"{cores()} core{'s' * (cores() != 1)}"
            text = f" {count} threads share {shared} and wait for each other"
            console(stderr=True).print(with_lead("warning:", text, "bold yellow"))
