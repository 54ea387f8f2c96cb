"""The fewest layers at the beginning of an order are found in few tries."""

import pytest

from featherbone.quantize.sensitivity import fewest


@pytest.mark.parametrize("needed", range(1, 9))
def test_as_many_as_are_needed(needed):
    tried = []

    def keeps(layers):
        tried.append(len(layers))
        return len(layers) >= needed

    found = fewest("abcdefgh", 8, keeps)
    assert len(found) == needed
    assert len(tried) <= 4


def test_more_than_may_be_are_none():
    assert fewest("abc", 2, lambda layers: len(layers) > 2) is None
    assert fewest("abc", 0, lambda layers: True) is None
