"""Every group of every grouping has as many channels of each set, whatever the groupings."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from featherbone.graph.balance import balanced_sets

Groupings = Sequence[Sequence[Sequence[int]]]


def sets(groupings: Groupings) -> list[set[int]]:
    """The sets of channels after all joins."""
    parent = {channel: channel for grouping in groupings for group in grouping for channel in group}

    def find(channel: int) -> int:
        return channel if parent[channel] == channel else find(parent[channel])

    for joined in balanced_sets(groupings, find):
        for channel in joined[1:]:
            if find(channel) != find(joined[0]):
                parent[find(channel)] = find(joined[0])
    found: dict[int, set[int]] = {}
    for channel in parent:
        found.setdefault(find(channel), set()).add(channel)
    return list(found.values())


def even(groupings: Groupings, found: list[set[int]]) -> bool:
    return all(len({len(each & set(group)) for group in grouping}) == 1 for grouping in groupings for each in found)


def divided(channels: Sequence[int], groups: int) -> list[Sequence[int]]:
    size = len(channels) // groups
    return [channels[place * size : (place + 1) * size] for place in range(groups)]


@given(
    st.permutations(range(24)), st.permutations(range(24)), st.sampled_from([2, 3, 4, 6]), st.sampled_from([2, 3, 4])
)
@settings(max_examples=40, deadline=None)
def test_sets_are_spread_evenly_over_all_groups(first, second, groups, others):
    groupings = [divided(first, groups), divided(second, others), divided(first[:12], others)]
    assert even(groupings, sets(groupings))


@given(st.permutations(range(24)), st.sampled_from([2, 3, 4, 6, 8]))
@settings(max_examples=40, deadline=None)
def test_two_groupings_of_one_size_share_sets_with_one_channel_of_each_group(order, groups):
    groupings = [divided(range(24), groups), divided(order, groups)]
    found = sets(groupings)
    assert even(groupings, found)
    assert [len(each) for each in found] == [groups] * (24 // groups)


def test_what_is_even_already_is_not_joined_further():
    groupings = [divided(range(12), 3)] * 3 + [divided(range(12), 3)[::-1]]
    assert sorted(map(sorted, sets(groupings))) == [[place, place + 4, place + 8] for place in range(4)]


def test_channels_of_a_concat_join_no_more_than_they_must():
    """ShuffleNet's first stage: 216 channels in 3 groups, and 24 before them, are read in 3 groups of 80."""
    groupings = [divided(range(24, 240), 3), divided(range(240), 3)]
    found = sets(groupings)
    assert even(groupings, found)
    assert len(found) == 64
