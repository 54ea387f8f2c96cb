"""Times by operator, from a runtime's own profiler, beside what each operator computes and moves."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.parallel import merged_graph
from featherbone.measure.latency import require_positive
from featherbone.measure.owners import owners
from featherbone.measure.process import fresh_process
from featherbone.measure.roofline import Roofline
from featherbone.measure.subject import Subject

RUNS = 20  # that are profiled, after as many to warm up
SIZE = 4  # bytes of a float32


@dataclass(frozen=True, kw_only=True)
class OperatorTime:
    """One operator as the runtime ran it, with the graph's nodes that it computes (fused ones together).

    ``nodes`` is empty for what the runtime does for itself, such as changing layouts. ``bytes`` are those of the
    weights, of the maps that come in and of those that go out, each once. ``bound`` is ``compute`` or ``memory``;
    ``share`` is how much of that limit is reached, above 1 where data came from a cache.
    """

    name: str
    description: str
    nodes: tuple[str, ...]
    milliseconds: float
    macs: int
    bytes: int
    bound: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The operators of a network in computing order, then what the runtime adds; ``untimed`` nodes are in no operator.

        slowest = max(profile(subject, roofline).operators, key=lambda operator: operator.milliseconds)

    Profiling slows a network down, and each time is a median, so the operators' sum is not its latency.
    """

    network: str
    runtime: str
    threads: int
    batch: int
    roofline: Roofline
    operators: tuple[OperatorTime, ...]
    untimed: tuple[str, ...]

    @property
    def milliseconds(self) -> float:
        """The time of all operators together."""
        return sum(operator.milliseconds for operator in self.operators)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON holds it."""
        document = asdict(self)
        document["operators"] = [{**row, "nodes": list(row["nodes"])} for row in document["operators"]]
        return {**document, "untimed": list(self.untimed), "milliseconds": self.milliseconds}


def profile(
    subject: Subject,
    roofline: Roofline,
    *,
    runtime: str = "onnxruntime",
    threads: int = 1,
    batch: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Profile:
    """Times by operator in a fresh process, and where each stands under the roofline.

        with prepared([network("mobilenet_v2")], ["onnxruntime"]) as (subject,):
            print(profile(subject, measure_limits().roofline).operators[0])

    Raises:
        FeatherboneError: an ONNX file from elsewhere, whose operators have no graph to be compared with; threads or
            batch below 1; a network that the runtime cannot run.
    """
    if subject.graph is None:
        raise FeatherboneError(
            f"{subject.name} has no graph of ours, so its operators' costs are unknown",
            hint="time it without --operators, or name a network or a model file",
        )
    require_positive(threads=threads, batch=1 if batch is None else batch)
    from featherbone.nn.onnx_writer import OUTPUT

    job = subject.job(runtime=runtime, threads=threads, batch=batch)
    if progress is not None:
        progress(f"timing the operators of {subject.name} in {runtime} on {threads} thread{'s' * (threads != 1)}")
    with fresh_process(threads) as process:
        seconds = process.ask(do="profile", job=asdict(job), runs=RUNS)["operators"]
    if runtime == "openvino" and OUTPUT in seconds:  # it names the last operator after what it writes
        seconds[subject.graph.outputs[0]] = seconds.pop(OUTPUT)
    run = subject.graph if runtime == "torch" else merged_graph(subject.graph)  # as the file has it
    operators, untimed = join(run, seconds, roofline, batch=job.batch)
    return Profile(
        network=subject.name,
        runtime=runtime,
        threads=threads,
        batch=job.batch,
        roofline=roofline,
        operators=operators,
        untimed=untimed,
    )


def join(
    graph: Graph, seconds: Mapping[str, float], roofline: Roofline, *, batch: int = 1
) -> tuple[tuple[OperatorTime, ...], tuple[str, ...]]:
    """Operators of a graph from seconds by name (``stage1.conv``, or ``stage1.conv/2`` for its second part).

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 3, name="stem").norm().act("relu").graph("tiny")
    >>> limits = Roofline(macs_per_second=1e9, bytes_per_second=1e9)
    >>> operators, untimed = join(graph, {"stem_act": 1e-5, "Reorder": 1e-6}, limits)
    >>> [(row.name, row.nodes, row.macs, row.bytes) for row in operators]
    [('stem_act', ('stem', 'stem_norm', 'stem_act'), 6912, 2256), ('Reorder', (), 0, 0)]
    """
    timed: defaultdict[str, float] = defaultdict(float)
    others: defaultdict[str, float] = defaultdict(float)
    for name, spent in seconds.items():
        node = name.partition("/")[0]
        (timed if node in graph else others)[node if node in graph else name] += spent
    members: defaultdict[str, list[str]] = defaultdict(list)
    untimed: list[str] = []
    for name, owner in owners(graph, timed).items():
        if owner is None:
            untimed.append(name)
        else:
            members[owner].append(name)
    macs = {row.name: int(row.macs) * batch for row in count(graph).rows}
    rows: list[OperatorTime] = []
    for owner in sorted(members, key=lambda name: list(macs).index(members[name][0])):
        nodes, spent = members[owner], timed[owner]
        main = max(nodes, key=lambda name: macs[name])
        work, moved = sum(macs[name] for name in nodes), bytes_moved(graph, nodes, batch)
        place = roofline.place(macs=work, bytes=moved, seconds=spent)
        rows.append(
            OperatorTime(
                name=owner,
                description=graph[main].operator.describe(*graph.input_shapes(graph[main])),
                nodes=tuple(nodes),
                milliseconds=1e3 * spent,
                macs=work,
                bytes=moved,
                bound=place.bound,
                share=place.share,
            )
        )
    rows += [
        OperatorTime(
            name=name,
            description="by the runtime",
            nodes=(),
            milliseconds=1e3 * spent,
            macs=0,
            bytes=0,
            bound="memory",
            share=0.0,
        )
        for name, spent in others.items()
    ]
    return tuple(rows), tuple(untimed)


def bytes_moved(graph: Graph, nodes: Collection[str], batch: int = 1) -> int:
    """Bytes of the weights of these nodes, of what they read from others, and of what others read of theirs.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 3, name="stem").act("relu").graph("tiny")
    >>> bytes_moved(graph, ["stem", "stem_act"])  # 3·8·8 in, 4·8·8 out, 4·3·3·3 weights
    2224
    """
    inside, readers = frozenset(nodes), graph.consumers()
    read = {name for node in inside for name in graph[node].inputs} - inside
    written = [
        name for name in inside if name in graph.outputs or any(user.name not in inside for user in readers[name])
    ]
    weights = sum(
        math.prod(shape)
        for name in inside
        for shape in graph[name].operator.parameters(*graph.input_shapes(graph[name])).values()
    )
    maps = sum(math.prod(graph[name].shape) for name in (*read, *written))
    return SIZE * (weights + batch * maps)
