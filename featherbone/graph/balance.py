"""Sets of channels of which every group of a convolution holds as many, as small as can be found.

A convolution in groups reads, and writes, groups of one size. A cut may take any channels as long as it takes as many
from each group; so channels are joined into sets that are spread evenly. Channels at one place of each group are such a
set. But a shuffle may stand between two convolutions, and a sum or a concat may bring other groups to these channels:
then a set has to be even for all of them, and taking places would join everything with everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

Deviation = tuple[int, ...]


def balanced_sets(groupings: Sequence[Sequence[Sequence[int]]], find: Callable[[int], int]) -> Iterator[list[int]]:
    """Channels to be joined, one list after the other; ``find`` must know of a join before the next list is asked for.

    >>> [*balanced_sets([[(0, 1), (2, 3)], [(0, 2), (1, 3)]], lambda channel: channel)]
    [[0, 3], [1, 2]]

    Groupings of the same channels are evened out together, others in their order: what is even in one stays so when it
    is joined with what is even in it too.
    """
    together: dict[frozenset[int], list[Sequence[Sequence[int]]]] = {}
    for grouping in groupings:
        together.setdefault(frozenset(find(channel) for group in grouping for channel in group), []).append(grouping)
    for same in together.values():
        roots = [[[find(channel) for channel in group] for group in grouping] for grouping in same]
        distinct = [grouping for place, grouping in enumerate(roots) if grouping not in roots[:place]]
        alone = all(len(set(chain(*grouping))) == sum(map(len, grouping)) for grouping in distinct)
        if alone and len(distinct) == 1:
            yield from (list(places) for places in zip(*distinct[0], strict=True))
        elif alone and len(distinct) == 2 and len(distinct[0]) == len(distinct[1]):
            yield from _matchings(*distinct)
        else:
            yield from _evened(_deviations(distinct))


def _matchings(first: Sequence[Sequence[int]], second: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Sets with one channel of every group of both.

    Channels are edges between the groups that they are in. As many leave every group, so they fall into perfect
    matchings (Koenig 1916); each is found by augmenting paths.
    """
    other = {channel: place for place, group in enumerate(second) for channel in group}
    edges: list[dict[int, list[int]]] = [defaultdict(list) for _ in first]  # by group of the first, then of the second
    for place, group in enumerate(first):
        for channel in reversed(group):
            edges[place][other[channel]].append(channel)
    for _ in first[0]:
        partner: dict[int, int] = {}  # of each group of the second
        for place in range(len(first)):
            _augment(place, edges, partner, set())
        yield [edges[place][group].pop() for group, place in sorted(partner.items(), key=lambda pair: pair[1])]


def _augment(place: int, edges: list[dict[int, list[int]]], partner: dict[int, int], seen: set[int]) -> bool:
    """Find a partner for one group more, if need be by finding others for those that have one."""
    for group, channels in edges[place].items():
        if channels and group not in seen:
            seen.add(group)
            if group not in partner or _augment(partner[group], edges, partner, seen):
                partner[group] = place
                return True
    return False


def _deviations(groupings: Sequence[Sequence[Sequence[int]]]) -> dict[int, Deviation]:
    """For each set, by its first channel, how far it is from even: in each grouping, counts by group less their mean.

    The differences are multiplied by the number of groups, so that they are whole.
    """
    width = sum(len(grouping) for grouping in groupings)
    counts: dict[int, list[int]] = defaultdict(lambda: [0] * width)
    first = 0
    for grouping in groupings:
        for place, group in enumerate(grouping, start=first):
            for channel in group:
                counts[channel][place] += len(grouping)
        first += len(grouping)
    found: dict[int, Deviation] = {}
    for channel, row in counts.items():
        first = 0
        for grouping in groupings:
            last = first + len(grouping)
            mean = sum(row[first:last]) // len(grouping)
            row[first:last] = [value - mean for value in row[first:last]]
            first = last
        found[channel] = tuple(row)
    return found


def _evened(deviations: dict[int, Deviation]) -> Iterator[list[int]]:
    """Sets joined until their deviations cancel: each time the one that brings the sum nearest to nothing."""
    waiting: dict[Deviation, list[int]] = {}
    for channel, deviation in sorted(deviations.items(), reverse=True):
        if any(deviation):
            waiting.setdefault(deviation, []).append(channel)  # the first channel is taken first, from the end
    while waiting:
        deviation = max(waiting, key=lambda kind: (sum(map(abs, kind)), kind))
        joined = [_taken(waiting, deviation)]
        rest = deviation
        while any(rest):
            current = rest
            deviation = min(waiting, key=lambda kind: (_distance(current, kind), kind))
            joined.append(_taken(waiting, deviation))
            rest = tuple([left + right for left, right in zip(rest, deviation, strict=True)])
        yield joined


def _distance(rest: Deviation, kind: Deviation) -> int:
    return sum([abs(left + right) for left, right in zip(rest, kind, strict=True)])


def _taken(waiting: dict[Deviation, list[int]], kind: Deviation) -> int:
    channel = waiting[kind].pop()
    if not waiting[kind]:
        del waiting[kind]
    return channel
