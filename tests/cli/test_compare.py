"""`featherbone compare` of a network with costs that were kept."""

import pytest


@pytest.mark.parametrize("folded", [("--depth", "1"), ("--depth", "2"), ("--operators",), ("--dtype", "int8")])
def test_a_network_is_counted_as_the_kept_costs_were(featherbone, tmp_path, folded):
    kept = tmp_path / "kept.json"
    kept.write_text(featherbone("cost", "squeezenet1_1", "--json", *folded).out)
    assert "squeezenet1_1: every row is the same" in featherbone("compare", kept, "squeezenet1_1").out
    other = featherbone("compare", kept, "squeezenet1_1:classes=10").out
    assert " changed" in other
    assert "added" not in other


def test_another_type_than_that_of_the_kept_costs_is_refused(featherbone, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text(featherbone("cost", "squeezenet1_1", "--json").out)
    refused = featherbone("compare", kept, "squeezenet1_1", "--dtype", "int8")
    assert refused.code == 2
    assert f"--dtype is int8, but {kept} holds costs in float32" in " ".join(refused.err.split())
