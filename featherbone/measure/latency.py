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
from featherbone.measure.runtimes.workload import Workload
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

    ``noise`` gives the reasons not to trust it, if there are any; ``added_memory`` are the bytes by
    which loading and running it raised the peak of its process; None where the system does not say.
    """

    network: str
    runtime: str
    threads: int
    batch: int
    times: Summary
    warm_up: WarmUp
    environment: Environment
    noise: tuple[str, ...]
    added_memory: int | None = None

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
    named = [(subject.name, job) for subject, job in zip(subjects, jobs, strict=True)]
    found = measure_together(named, threads=threads, seconds=seconds, packages=[runtime, "numpy"], progress=progress)
    latencies = []
    for each in found:
        if isinstance(each, FeatherboneError):
            raise each
        latencies.append(each)
    return tuple(latencies)


def measure_together(
    jobs: Sequence[tuple[str, Workload]],
    *,
    threads: int,
    seconds: float = SECONDS,
    packages: Sequence[str] = ("numpy",),
    progress: Callable[[str], None] | None = None,
) -> tuple[Latency | FeatherboneError, ...]:
    """The latency of networks in whatever runtimes, all in turns with each other; of each, or why there is none.

        measure_together([("float", Workload(runtime="onnxruntime", file="a.onnx", threads=1, batch=1))], threads=1)

    Each job goes with the name of its network; ``packages`` are those whose versions are kept.
    """
    say = progress or (lambda message: None)
    load_before = load_average()
    found: list[Latency | FeatherboneError | None] = [None] * len(jobs)
    with ExitStack() as stack:
        ready: list[tuple[int, Process, WarmUp]] = []
        for place, (name, job) in enumerate(jobs):
            where = f"in {job.runtime} on {threads} thread{'s' * (threads != 1)}"
            process = stack.enter_context(fresh_process(threads))
            try:
                say(f"loading {name} {where}")
                process.load(job)
                say(f"warming up {name} {where}")
                ready.append((place, process, WarmUp(**process.ask(do="warm_up"))))
            except FeatherboneError as error:
                found[place] = error
        names = ", ".join(dict.fromkeys(name for name, _ in jobs))
        runtimes = ", ".join(dict.fromkeys(job.runtime for _, job in jobs))
        doing = f"measuring {names} in {runtimes} on {threads} thread{'s' * (threads != 1)}"
        takers = [_turn(process, seconds / TURNS) for _, process, _ in ready]
        turns = interleave(takers, seconds=seconds, progress=lambda runs: say(f"{doing}: {runs:,} runs"))
        peaks = [process.ask(do="memory")["bytes"] for _, process, _ in ready]
    around = environment(packages, load_before=load_before)
    for (place, _, warm), taken, peak in zip(ready, turns, peaks, strict=True):
        name, job = jobs[place]
        times = summarise(taken)
        found[place] = Latency(
            network=name,
            runtime=job.runtime,
            threads=threads,
            batch=job.batch,
            times=times,
            warm_up=warm,
            environment=around,
            noise=noise(times, settled=warm.settled, threads=threads, environment=around),
            added_memory=peak,
        )
    return tuple(each for each in found if each is not None)


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
