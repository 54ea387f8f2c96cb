"""Maps that are alive at once have places that do not meet, and a map lies on another only where its step allows it."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from featherbone.ship.c.arena import MemoryUse, arena_of


def drawn(seed: int) -> tuple[list[MemoryUse], dict[str, int]]:
    """A network of random reads."""
    chance = random.Random(seed)
    names, sizes, uses = ["image"], {"image": chance.randint(1, 400)}, []
    for step in range(chance.randint(1, 25)):
        reads = tuple(dict.fromkeys(chance.choices(names, k=chance.randint(1, 3))))
        over = tuple(name for name in reads if chance.random() < 0.5)
        uses.append(MemoryUse(reads=reads, writes=f"m{step}", over=over, room=chance.choice([0, 0, 50])))
        sizes[f"m{step}"] = chance.choice([sizes[reads[0]], chance.randint(1, 400)])
        names.append(f"m{step}")
    return uses, sizes


@pytest.mark.parametrize("seed", range(40))
def test_what_is_alive_does_not_meet(seed):
    uses, sizes = drawn(seed)
    arena = arena_of("image", uses[-1].writes, uses, sizes)
    last = {name: step for step, use in enumerate(uses) for name in use.reads} | {uses[-1].writes: len(uses)}
    first = {"image": 0} | {use.writes: step for step, use in enumerate(uses)}
    lives = [(name, arena.places[name], sizes[name], first[name], last.get(name, first[name])) for name in sizes]
    lives += [(f"room {step}", arena.rooms[step], use.room, step, step) for step, use in enumerate(uses) if use.room]
    allowed = {(name, use.writes) for use in uses for name in use.over}
    for one, other in combinations(lives, 2):
        at_once = one[3] <= other[4] and other[3] <= one[4]
        meet = one[1] < other[1] + other[2] and other[1] < one[1] + one[2]
        if at_once and meet:
            assert (one[0], other[0]) in allowed
            assert one[1] == other[1], "exactly on it"
            assert one[4] == other[3], "when it is read for the last time"
    assert arena.bytes == max(-(-(place + size) // 4) * 4 for _, place, size, _, _ in lives)


def test_a_chain_needs_its_two_largest_neighbours():
    sizes = {"image": 10, "a": 100, "b": 60, "c": 80}
    uses = [
        MemoryUse(reads=("image",), writes="a"),
        MemoryUse(reads=("a",), writes="b"),
        MemoryUse(reads=("b",), writes="c"),
    ]
    assert arena_of("image", "c", uses, sizes).bytes == 160


def test_a_map_written_over_another_needs_nothing():
    uses = [MemoryUse(reads=("image",), writes="a", over=("image",)), MemoryUse(reads=("a",), writes="b", over=("a",))]
    arena = arena_of("image", "b", uses, {"image": 64, "a": 32, "b": 32})
    assert arena.bytes == 64
    assert set(arena.places.values()) == {0}


def test_what_a_smaller_map_leaves_is_free():
    uses = [
        MemoryUse(reads=("image",), writes="a", over=("image",)),
        MemoryUse(reads=("a",), writes="b"),
        MemoryUse(reads=("a", "b"), writes="c"),
    ]
    assert arena_of("image", "c", uses, {"image": 100, "a": 20, "b": 40, "c": 40}).bytes == 100


def test_nothing_is_written_over_a_map_that_is_read_later():
    uses = [MemoryUse(reads=("image",), writes="a", over=("image",)), MemoryUse(reads=("a", "image"), writes="b")]
    assert arena_of("image", "b", uses, {"image": 64, "a": 64, "b": 64}).bytes == 192


def test_an_answer_stays_to_the_end():
    uses = [MemoryUse(reads=("image",), writes="a"), MemoryUse(reads=("image",), writes="b")]
    arena = arena_of("image", "a", uses, {"image": 64, "a": 64, "b": 64})
    assert arena.bytes == 192
    assert len(set(arena.places.values())) == 3
