"""How long a network takes: every (network, runtime, threads) in a process of its own, compared networks in turns."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.measure.environment import Environment, environment, load_average
from featherbone.measure.noise import noise
from featherbone.measure.process import Process, fresh_process
from featherbone.measure.statistics import Summary, summarise
from featherbone.measure.subject import Subject
from featherbone.measure.warmup import WarmUp

SECONDS, FEWEST = 2.0, 100  # a measurement lasts so long and holds at least so many runs ...
LONGEST = 10.0  # ... but a slow network ends after so many seconds, with fewer runs
TURNS = 20  # in which the seconds are taken


@dataclass(frozen=True, kw_only=True)
class Latency:
    """What was measured, how, and on what.

        latency = measure(subjects)[0]
        print(latency.times.p50_ms, latency.noise)

    ``noise`` gives the reasons not to trust it, if there are any.
    """

    network: str
    runtime: str
    threads: int
    batch: int
    times: Summary
    warm_up: WarmUp
    environment: Environment
    noise: tuple[str, ...]

    @property
    def noisy(self) -> bool:
        """Whether a part of ``featherbone.measure.noise.RULE`` is broken."""
        return bool(self.noise)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON holds it; times in milliseconds."""
        document = asdict(self)
        document["environment"]["versions"] = dict(self.environment.versions)
        return {**document, "noise": list(self.noise), "noisy": self.noisy}


def measure(
    subjects: Sequence[Subject],
    *,
    runtime: str = "onnxruntime",
    threads: int = 1,
    batch: int | None = None,
    seconds: float = SECONDS,
    precision: str = "float32",
    progress: Callable[[str], None] | None = None,
) -> tuple[Latency, ...]:
    """The latency of each subject in one runtime, in the order given.

        with prepared([network("mobilenet_v1"), network("mobilenet_v2")], ["onnxruntime"]) as subjects:
            for latency in measure(subjects):
                print(latency.network, latency.times.p50_ms)

    Each network has a fresh process and is warmed up until two windows' medians differ by under 2 %. Then they run in
    turns, in a new order each round, until each has run for ``seconds`` and at least 100 times (but for 10 seconds at
    most). No run is left out, except the first of each turn, which is not timed.

    The batch is one image unless given, or what an ONNX file was exported for. OpenVINO may be asked to compute what is
    float32 with the ``precision`` of bfloat16.

    Raises:
        FeatherboneError: threads or batch below 1; a network that the runtime cannot run.
    """
    require_positive(threads=threads, batch=1 if batch is None else batch)
    jobs = [subject.job(runtime=runtime, threads=threads, batch=batch, precision=precision) for subject in subjects]
    say = progress or (lambda message: None)
    load_before = load_average()
    with ExitStack() as stack:
        processes = [stack.enter_context(fresh_process(threads)) for _ in subjects]
        warm_ups: list[WarmUp] = []
        where = f"in {runtime} on {threads} thread{'s' * (threads != 1)}"
        for subject, job, process in zip(subjects, jobs, processes, strict=True):
            say(f"loading {subject.name} {where}")
            process.load(job)
            say(f"warming up {subject.name} {where}")
            warm_ups.append(WarmUp(**process.ask(do="warm_up")))
        doing = f"measuring {', '.join(subject.name for subject in subjects)} {where}"
        takers = [_turn(process, seconds / TURNS) for process in processes]
        turns = interleave(takers, seconds=seconds, progress=lambda runs: say(f"{doing}: {runs:,} runs"))
    around = environment([runtime, "numpy"], load_before=load_before)
    latencies: list[Latency] = []
    for subject, job, warm, taken in zip(subjects, jobs, warm_ups, turns, strict=True):
        times = summarise(taken)
        latencies.append(
            Latency(
                network=subject.name,
                runtime=runtime,
                threads=threads,
                batch=job.batch,
                times=times,
                warm_up=warm,
                environment=around,
                noise=noise(times, settled=warm.settled, threads=threads, environment=around),
            )
        )
    return tuple(latencies)


def require_positive(**settings: int) -> None:
    """Raise FeatherboneError, with its name and value, for a setting below 1."""
    for what, value in settings.items():
        if value < 1:
            raise FeatherboneError(f"{what} is {value}; it must be at least 1")


def interleave(
    take: Sequence[Callable[[], list[float]]],
    *,
    seconds: float,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> list[list[list[float]]]:
    """For each taker the turns that it took: rounds in a new order each, without those that have measured enough.

    ``progress`` hears before each turn how many runs have been taken.

    >>> [len(turns) for turns in interleave([lambda: [0.1] * 10, lambda: [0.5] * 10], seconds=2.0)]
    [10, 2]
    """
    order, runs = random.Random(seed), 0
    turns: list[list[list[float]]] = [[] for _ in take]
    while left := [place for place in range(len(take)) if not enough(turns[place], seconds)]:
        order.shuffle(left)
        for place in left:
            if progress is not None:
                progress(runs)
            turns[place].append(take[place]())
            runs += len(turns[place][-1])
    return turns


def enough(turns: Sequence[Sequence[float]], seconds: float) -> bool:
    """Whether these turns hold ``seconds`` and ``FEWEST`` runs, or are over ``LONGEST``."""
    total = sum(map(sum, turns))
    return total >= max(seconds, LONGEST) or (total >= seconds and sum(map(len, turns)) >= FEWEST)


def _turn(process: Process, seconds: float) -> Callable[[], list[float]]:
    def take() -> list[float]:
        times: list[float] = process.ask(do="turn", seconds=seconds)["seconds"]
        return times

    return take
