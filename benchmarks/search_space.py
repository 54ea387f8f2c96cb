"""How many designs a second are costed, that the costs are exact, and how fast a rare budget is sampled.

    OMP_NUM_THREADS=1 python benchmarks/search_space.py speed equal > benchmarks/results/search_space.txt
    OMP_NUM_THREADS=1 python benchmarks/search_space.py rare >> benchmarks/results/search_space.txt

On one core, in a few minutes. CPU seconds are those of the process, wall seconds also count what others on the machine
take away. Building a graph and counting it is measured beside, in the same run.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from statistics import median

import numpy as np
from machine import describe
from rarity import share_within

from featherbone.search import SPACES, Budget, Design, Space, SpaceCosts, costs_of, named_space, sample
from featherbone.search.space.matrix import CHOICE, DEPTH, WIDTH, column, columns, decode

IMAGES = {"CIFAR": ((32, 28, 24), 10), "ImageNet": ((224, 196, 168), 1000)}
DESIGNS = 200_000
RUNS = 9
GRAPHS = 200
CHECKED = 120  # designs of each space whose graphs are counted too
RARE = {"CIFAR": Budget(macs=180_000), "ImageNet": Budget(macs=3_500_000)}
SAMPLED = 1_000
SEEDS = range(5)


def uniform(space: Space, number: int, seed: int) -> np.ndarray:
    """Rows in which every choice is as likely as any other."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((number, columns(space)), dtype=np.int64)
    rows[:, 0] = rng.integers(len(space.resolutions), size=number)
    rows[:, 1] = rng.integers(len(space.acts), size=number)
    rows[:, 2] = 4 * rng.integers(1, space.widest // 4 + 1, size=number)
    heads = np.array(space.heads)[rng.integers(len(space.heads), size=number)] > 0
    rows[:, 3] = np.where(heads, 4 * rng.integers(1, space.widest // 4 + 1, size=number), 0)
    for place, stage in enumerate(space.stages):
        depth = np.array(stage.depths)[rng.integers(len(stage.depths), size=number)]
        choice = rng.integers(len(stage.choices), size=number)
        least = np.array([each.width for each in stage.choices])[choice]
        width = least * (1 + (rng.random(number) * (space.widest // least)).astype(np.int64))
        for which, values in ((CHOICE, choice), (DEPTH, depth), (WIDTH, width)):
            rows[:, column(place, which)] = np.where(depth > 0, values, 0)
    return rows


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def spread(values: list[float], scale: float = 1.0, digits: int = 2) -> str:
    low, middle, high = (scale * value for value in (min(values), median(values), max(values)))
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def speed(name: str) -> list[str]:
    resolutions, classes = IMAGES[name]
    space = named_space("light", resolutions)
    first = seconds(lambda: SpaceCosts(space, classes=classes, channels=3))
    costs = SpaceCosts(space, classes=classes, channels=3)
    rows = uniform(space, DESIGNS, 0)
    times = [seconds(lambda: costs.of_rows(rows)) for _ in range(RUNS)]
    designs = decode(space, rows[:GRAPHS])
    graphs = [
        seconds(lambda design=design: costs_of(design.graph(classes=classes, channels=3)))[1] for design in designs
    ]
    return [
        f"{name}: light, {len(space.stages)} stages, {len(resolutions)} resolutions, "
        f"{len(space.stages[0].choices)} blocks in each",
        f"  tables, once              {first[1]:.2f} s CPU",
        f"  million designs/s, CPU    {spread([DESIGNS / cpu / 1e6 for _, cpu in times])}, {RUNS} runs of {DESIGNS:,}",
        f"  million designs/s, wall   {spread([DESIGNS / wall / 1e6 for wall, _ in times])}",
        f"  one by one, as graphs     {spread([1 / cpu for cpu in graphs], digits=0)} designs/s, CPU, {GRAPHS} designs",
    ]


def exact() -> list[str]:
    lines, checked, wrong = [], 0, 0
    for place, name in enumerate(SPACES):
        resolutions, classes = list(IMAGES.values())[place % len(IMAGES)]
        space = named_space(name, resolutions)
        rows = uniform(space, CHECKED, 1)
        found, designs = SpaceCosts(space, classes=classes, channels=3).of_rows(rows), decode(space, rows)
        counted = [costs_of(design.graph(classes=classes, channels=3)) for design in designs]
        different = sum(found.row(place) != one for place, one in enumerate(counted))
        checked, wrong = checked + len(counted), wrong + different
        lines.append(f"  {name:<14} {len(counted) - different} of {len(counted)} designs equal, at {resolutions}")
    head = f"Costs of a batch and of the graphs, all five: {checked - wrong:,} of {checked:,} designs equal"
    return [head, *lines]


def rare(name: str) -> list[str]:
    resolutions, classes = IMAGES[name]
    space, budget = named_space("light", resolutions), RARE[name]
    costs = SpaceCosts(space, classes=classes, channels=3)
    low, high = share_within(costs, budget)
    times, designs = [], ()
    for seed in SEEDS:
        taken: list[tuple[Design, ...]] = []
        times.append(seconds(lambda seed=seed, taken=taken: taken.append(sample(costs, budget, SAMPLED, seed=seed))))
        designs = taken[0]
        assert len(set(designs)) == SAMPLED
        found = costs.of(designs)
        assert all(not budget.breaches(found.row(place)) for place in range(SAMPLED))
    kinds = Counter(stage.kind for design in designs for stage in design.stages)
    sides = Counter(design.resolution for design in designs)
    used = [macs / (budget.macs or 1) for macs in costs.of(designs).macs.tolist()]
    return [
        f"{name}: {budget}, which between 1 in {1 / low:,.0f} and 1 in {1 / high:,.0f} uniform draws keep",
        "  (bounds by dynamic programming over the parts, not by drawing)",
        f"  {SAMPLED:,} distinct designs     {spread([cpu for _, cpu in times])} s CPU, "
        f"{spread([wall for wall, _ in times])} s wall, {len(SEEDS)} seeds; all within the budget",
        f"  of the limit they use     {spread(used, 100, 1)} %",
        f"  resolutions               {', '.join(f'{side}: {sides[side]}' for side in resolutions)}",
        f"  kinds of block            {len(kinds)} of {len(space.kinds())}: "
        + ", ".join(f"{kind} {number}" for kind, number in kinds.most_common()),
    ]


PARTS: dict[str, Callable[[], list[list[str]]]] = {
    "speed": lambda: [speed(name) for name in IMAGES],
    "equal": lambda: [exact()],
    "rare": lambda: [rare(name) for name in IMAGES],
}


def main() -> None:
    print(describe("featherbone", "numpy"))
    for part in sys.argv[1:] or PARTS:
        for lines in PARTS[part]():
            print("\n".join(lines), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
