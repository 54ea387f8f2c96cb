"""The law of the explorer: wherever its sliders stand, a real browser shows exactly what `featherbone cost` counts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import BROWSER, MISSING, opened, started

from featherbone.blocks import BLOCKS
from featherbone.cost import count, peak_memory
from featherbone.explore import write_explorer
from featherbone.explore.targets import explored
from featherbone.networks import network
from featherbone.search.costs.budget import costs_of

pytestmark = pytest.mark.skipif(BROWSER is None, reason=MISSING)
FEW = ("mobilenet_v2", "shufflenet_v1", "alexnet", "mlperf_tiny_resnet8")
TEN = (*FEW, "mobilenet_v3_small", "shufflenet_v2", "squeezenet", "ghostnet", "efficientnet_lite0", "cifar_resnet20")
LETTERS = {
    "M": (8, 24, 120, 240, 384, 1024),
    "N": (8, 16, 96, 240, 576, 1024),
    "I": (7, 14, 56, 224),
    "K": (3, 5, 7, 9),
    "at": (1, 2, 3, 4, 6, 8, 16),
    "aG": (1, 2, 3, 4, 8),
    "aS": (3, 5, 7),
    "ap": (0, 0.25, 0.5, 0.75, 1),
}
# Each address in turn, and then what the page says: the letters or network, and every cost.
READ = """async (addresses) => {
    const said = [];
    for (const address of addresses) {
        const there = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
        location.hash = address;
        await there;
        const place = document.getElementById(address.includes("view=blocks") ? "block-a" : "network-tiles");
        const costs = [...place.querySelectorAll("[data-cost]")].map(({ dataset }) => [dataset.cost, +dataset.value]);
        said.push({ ...place.dataset, costs: Object.fromEntries(costs) });
    }
    return said;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as browser:
        yield browser


def block_positions(number: int, draw: random.Random) -> list[str]:
    """Every block in turn, its letters drawn."""
    names = list(BLOCKS)
    return [
        "view=blocks&a={}&{}".format(
            names[place % len(names)], "&".join(f"{key}={draw.choice(values)}" for key, values in LETTERS.items())
        )
        for place in range(number)
    ]


def network_positions(names: tuple[str, ...], number: int, draw: random.Random) -> list[str]:
    """Every network in turn, its sliders drawn."""
    sliders = {each.name: each.sliders for each in explored(names)}
    return [
        f"view=network&n={name}&n_w={draw.choice(sliders[name].widths)}&n_r={draw.choice(sliders[name].resolutions)}"
        for name in (names[place % len(names)] for place in range(number))
    ]


def check(browser: Any, folder: Path, names: tuple[str, ...], number: int) -> None:
    draw = random.Random(0)
    blocks, networks = block_positions(number, draw), network_positions(names, number, draw)
    page, told = opened(browser, write_explorer(folder / "page.html", names))
    seen = set()
    for said in page.evaluate(READ, blocks):
        letters = json.loads(said["letters"])
        known = BLOCKS[said["block"]]
        graph = known.build(**{letter: letters[letter] for letter in known.letters()}).graph("block")
        cost = count(graph)
        assert said["costs"] == {
            "macs": cost.macs,
            "params": cost.params,
            "activations": cost.activations,
            "peak_memory": peak_memory(graph).bytes,
        }, (said["block"], letters)
        seen.add(said["block"])
    assert seen == set(BLOCKS)
    specs = set()
    for said in page.evaluate(READ, networks):
        graph = network(said["spec"])
        costs = costs_of(graph)
        assert said["costs"] == {
            "macs": costs.macs,
            "params": costs.params,
            "activations": count(graph).activations,
            "peak_memory": costs.peak_memory,
            "int8_size": costs.int8_size,
        }, said["spec"]
        specs.add(said["spec"])
    assert len(specs) > number // 2
    assert told == []
    page.close()


def test_the_page_shows_what_is_counted(browser: Any, tmp_path: Path) -> None:
    check(browser, tmp_path, FEW, 40)


@pytest.mark.long
def test_the_page_shows_what_is_counted_at_many_positions(browser: Any, tmp_path: Path) -> None:
    check(browser, tmp_path, TEN, 200)
