"""Latencies of many designs at once: each part of a network is planned once for a grid of widths, then looked up.

What a stage takes depends on its block, the side and the channels of the map that it gets, in which layout that map is,
and the channels that it writes. So there is one table for each block, side, activation and layout, over channels in and
out, made when a design first needs it; a design's latency is the sum over its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

import numpy as np

from featherbone.graph import Graph, image, scope
from featherbone.latency.plan import plan
from featherbone.latency.predictor import Predictor
from featherbone.latency.sketch import Part, folded, parts_of, sides
from featherbone.search.costs.polynomials import SIDE
from featherbone.search.space.block_kinds import CASES, EQUAL, NARROWER, UNGROUPED, WIDER, canonical, case_of
from featherbone.search.space.design import Stage, Stem, block, head, stem
from featherbone.search.space.matrix import ACT, CHOICE, DEPTH, HEAD, RESOLUTION, STEM, WIDTH, column
from featherbone.search.space.space import Space

STEP = 4  # between widths
FIRST = 64  # a table covers channels up to this, and doubles where that is not enough

Build: TypeAlias = "Callable[[int, int], Graph]"
Grid: TypeAlias = "tuple[np.ndarray, np.ndarray]"  # seconds and whether the result is in blocks, (channels in, out)


class DesignLatencies:
    """The latencies of a space's designs, for images of ``channels`` and so many classes, as a search asks for them."""

    def __init__(self, space: Space, *, classes: int, channels: int, predictor: Predictor) -> None:
        self.space, self.predictor = space, predictor
        self._classes, self._channels = classes, channels
        self._tables: dict[tuple[object, ...], Grid] = {}
        self._widest = FIRST

    @property
    def runtime(self) -> str:
        return self.predictor.bench.runtime

    @property
    def threads(self) -> int:
        return self.predictor.bench.threads

    @property
    def margin(self) -> float:
        return self.predictor.margin

    def of_graph(self, graph: Graph) -> float:
        """Milliseconds of any network; FeatherboneError where it has an operator whose kernels are not known."""
        return self.predictor.predict(graph).ms

    def milliseconds(self, rows: np.ndarray) -> np.ndarray:
        """One prediction for each row's design: what ``of_graph`` gives for its network."""
        if not len(rows):
            return np.zeros(0)
        self._cover(rows)
        total = np.full(len(rows), self.predictor.constant)
        side = np.array(self.space.resolutions)[rows[:, RESOLUTION]]
        before, act = rows[:, STEM], rows[:, ACT]
        blocked = np.zeros(len(rows), dtype=bool)
        for place in range(-1, len(self.space.stages) + 1):
            keys, present, width, depth = self._part(rows, place)
            after = np.where(present, width, before)
            for which in _alike(keys[:, None], side[:, None], act[:, None], blocked[:, None], depth[:, None]):
                first = which[0]
                if not present[first]:
                    continue
                seconds, ends = self._table(
                    place, int(keys[first]), int(side[first]), int(act[first]), bool(blocked[first]), int(depth[first])
                )
                where = before[which] // STEP, width[which] // STEP
                total[which] += seconds[where]
                blocked[which] = ends[where]
            side = np.where(present, -(-side // self._stride(place)), side)
            before = after
        return 1e3 * total

    def _part(self, rows: np.ndarray, place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of stem (-1), a stage or the head: which block, whether it is there, its width and depth."""
        always, once = np.ones(len(rows), dtype=bool), np.ones(len(rows), dtype=np.int64)
        if place == -1:
            return 0 * once, always, rows[:, STEM], once
        if place == len(self.space.stages):
            return (rows[:, HEAD] > 0).astype(np.int64), always, rows[:, HEAD], once
        choice, depth, width = (rows[:, column(place, which)] for which in (CHOICE, DEPTH, WIDTH))
        return choice, depth > 0, width, depth

    def _stride(self, place: int) -> int:
        if place == -1:
            return self.space.stem_stride
        return self.space.stages[place].stride if place < len(self.space.stages) else 1

    def _cover(self, rows: np.ndarray) -> None:
        """Make room for the widest: all tables are made anew where they are too small."""
        columns = [STEM, HEAD, *(column(place, WIDTH) for place in range(len(self.space.stages)))]
        widest = int(rows[:, columns].max())
        if widest > self._widest:
            while self._widest < widest:
                self._widest *= 2
            self._tables.clear()

    def _table(self, place: int, key: int, side: int, act: int, blocked: bool, depth: int) -> Grid:
        """Seconds of a part, and whether it ends in blocks, for all channels in and out (in steps of 4)."""
        name = self.space.acts[act]
        if place == -1:
            chosen = self.space.stem(STEP, name)
            return self._kept(("stem", side, name), lambda: self._stem(chosen, side))
        if place == len(self.space.stages):
            wanted = ("head", key, side, name, blocked)
            return self._kept(wanted, lambda: self._head(bool(key), side, name, blocked))
        stage = replace(self.space.stages[place].choices[key], act=name)
        return self._deep(stage, side, blocked, depth)

    def _kept(self, key: tuple[object, ...], make: Callable[[], Grid]) -> Grid:
        if key not in self._tables:
            self._tables[key] = make()
        return self._tables[key]

    def _deep(self, stage: Stage, side: int, blocked: bool, depth: int) -> Grid:
        """A stage of so many blocks: the first, then others that keep the channels and the side."""
        first = self._kept(("block", stage, side, blocked), lambda: self._block(stage, side, blocked))
        if depth == 1:
            return first
        return self._kept(
            ("deep", stage, side, blocked, depth), lambda: self._repeated(stage, side, blocked, depth, first)
        )

    def _repeated(self, stage: Stage, side: int, blocked: bool, depth: int, first: Grid) -> Grid:
        again = replace(stage, stride=1)
        inner = -(-side // stage.stride)
        plain, filled = (self._kept_again(again, inner, layout) for layout in (False, True))
        seconds, ends = first
        for _ in range(depth - 1):
            seconds = seconds + np.where(ends, filled[0], plain[0])
            ends = np.where(ends, filled[1], plain[1])
        return seconds, ends

    def _kept_again(self, stage: Stage, side: int, blocked: bool) -> Grid:
        return self._kept(("again", stage, side, blocked), lambda: self._again(stage, side, blocked))

    def _block(self, stage: Stage, side: int, blocked: bool) -> Grid:
        size = self._widest // STEP + 1
        m, n = (STEP * each.ravel() for each in np.meshgrid(np.arange(size), np.arange(size), indexing="ij"))
        seconds, ends = self._cases(stage, side, blocked, m, n)
        return seconds.reshape(size, size), ends.reshape(size, size)

    def _again(self, stage: Stage, side: int, blocked: bool) -> Grid:
        """A block that keeps its channels, by these alone."""
        widths = STEP * np.arange(self._widest // STEP + 1)
        return self._cases(stage, side, blocked, widths, widths)

    def _cases(self, stage: Stage, side: int, blocked: bool, m: np.ndarray, n: np.ndarray) -> Grid:
        seconds, ends = np.zeros(len(m)), np.zeros(len(m), dtype=bool)
        alike = np.array([canonical(stage.kind, case) for case in range(CASES)])
        cases = alike[case_of(m, n, stage.groups)]
        possible = (m > 0) & (n > 0) & (n % stage.width == 0)
        for case in np.unique(cases[possible]).tolist():
            where = np.flatnonzero(possible & (cases == case))
            form = block_form(stage, case)
            seconds[where], ends[where] = self._planned(form, side, blocked, m[where], n[where])
        return seconds, ends

    def _stem(self, chosen: Stem, side: int) -> Grid:
        widths = STEP * np.arange(self._widest // STEP + 1)
        form = stem_form(chosen, self._channels)
        seconds, ends = self._planned(form, side, False, np.full(len(widths), self._channels), np.maximum(widths, 1))
        return np.diag(seconds), np.diag(ends)

    def _head(self, wide: bool, side: int, act: str, blocked: bool) -> Grid:
        size = self._widest // STEP + 1
        m, n = (STEP * each for each in np.meshgrid(np.arange(size), np.arange(size), indexing="ij"))
        form = head_form(wide, self._classes, act)
        seconds, ends = self._planned(form, side, blocked, np.maximum(m, 1).ravel(), np.maximum(n, 1).ravel())
        return seconds.reshape(m.shape), ends.reshape(m.shape)

    def _planned(self, form: ScalablePart, side: int, blocked: bool, m: np.ndarray, n: np.ndarray) -> Grid:
        steps, ends = plan(form.parts(side, m, n), block=self.predictor.bench.block, blocked_input=blocked)
        return self.predictor.seconds(steps, len(m)), np.broadcast_to(ends, m.shape)


@dataclass(frozen=True, kw_only=True)
class ScalablePart:
    """A part of a network for any channels: one of its graphs, and its channels as a·M + b·N + c."""

    graph: Graph
    channels: np.ndarray  # (nodes, 3)

    def parts(self, side: int, m: np.ndarray, n: np.ndarray) -> tuple[Part, ...]:
        """Its parts for maps of ``side`` and these channels in and out."""
        nodes, inputs = folded(self.graph)
        channels = [a * m + b * n + c for a, b, c in self.channels.tolist()]
        scaled = {(rows, cols): (_scaled(rows, side), _scaled(cols, side)) for rows, cols in map(sides, nodes)}
        return parts_of(self.graph, nodes, inputs, channels, [scaled[sides(node)] for node in nodes])


@cache
def block_form(stage: Stage, case: int) -> ScalablePart:
    """One block of a stage, with its stride; ``case`` as in ``case_of``."""
    step = max(STEP, stage.width)
    # With as many channels as groups a convolution would be taken for a depthwise one, which it is at that width alone.
    low = next(
        width
        for width in range(STEP, 4 * step + 1, STEP)
        if (width % stage.groups != 0) == (case >= UNGROUPED) and (width != stage.groups or stage.groups == 1)
    )

    def build(channels: int, width: int) -> Graph:
        with scope("stage"):
            return block(image(channels, SIDE), replace(stage, width=width), stride=stage.stride).graph("block")

    if case % UNGROUPED == EQUAL:
        return _form(build, [(2 * step, 2 * step), (3 * step, 3 * step), (5 * step, 5 * step)])
    if case % UNGROUPED == WIDER:
        places = [(low, 8 * step), (low + 4 * step, 8 * step), (low, 12 * step), (low + 4 * step, 9 * step)]
    else:
        assert case % UNGROUPED == NARROWER
        places = [
            (low + 8 * step, 2 * step),
            (low + 12 * step, 2 * step),
            (low + 8 * step, 4 * step),
            (low + 9 * step, 3 * step),
        ]
    return _form(build, places)


@cache
def stem_form(chosen: Stem, channels: int) -> ScalablePart:
    """The stem, for images of so many channels; they depend on N only."""
    return _form(
        lambda m, n: stem(image(channels, SIDE), replace(chosen, width=n)).graph("stem"),
        [(channels, STEP), (channels, 3 * STEP), (channels, 5 * STEP)],
        fixed=True,
    )


@cache
def head_form(wide: bool, classes: int, act: str) -> ScalablePart:
    """The head, with a pointwise convolution to N channels where it is ``wide``."""
    return _form(
        lambda m, n: head(image(m, SIDE), n if wide else 0, classes=classes, act=act).graph("head"),
        [(20, 40), (36, 40), (20, 60), (36, 60)],
    )


def _form(build: Build, places: list[tuple[int, int]], *, fixed: bool = False) -> ScalablePart:
    """Solve for the channels of each part; the last place is the check."""
    graphs = [build(*place) for place in places]
    counts = np.array([[node.shape[0] for node in folded(graph)[0]] for graph in graphs], dtype=float)
    *known, check = [(0, n, 1) if fixed else (m, n, 1) if len(places) > 3 else (0, n, 0) for m, n in places]
    solved = np.linalg.lstsq(np.array(known, dtype=float), counts[:-1], rcond=None)[0]
    if not np.allclose(np.array(check) @ solved, counts[-1]):
        raise AssertionError(f"the channels of {graphs[0].name} are not linear in those that it gets and writes")
    rounded = np.round(solved * 240) / 240  # shares such as a half, a third or an eighth, exactly
    return ScalablePart(graph=graphs[0], channels=rounded.T)


def _scaled(read: int, side: int) -> int:
    """The side of a map in a part that reads maps of ``side``, from that in a form."""
    if read in (1, SIDE):
        return side if read == SIDE else 1
    stride = SIDE // read
    return -(-side // stride)


def _alike(*columns: np.ndarray) -> list[np.ndarray]:
    """The places of equal rows, together."""
    _, kind = np.unique(np.concatenate(columns, axis=1), axis=0, return_inverse=True)
    order = np.argsort(kind.ravel(), kind="stable")
    return np.split(order, np.flatnonzero(np.diff(kind.ravel()[order])) + 1)
