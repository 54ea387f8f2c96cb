"""What a budget accepts, and what it says of a network's costs."""

from __future__ import annotations

import pytest

from featherbone.errors import FeatherboneError
from featherbone.search import Budget, Costs, costs_of, light, sample

COSTS = Costs(macs=100, params=10, memory=1000, size=5000)


@pytest.mark.parametrize("limits", [{"macs": 0}, {"params": -1}, {"memory": 1.5}, {"size": True}, {}])
def test_a_limit_is_a_whole_number_above_zero_and_one_is_needed(limits: dict[str, int]) -> None:
    with pytest.raises(FeatherboneError, match="budget"):
        Budget(**limits)


def test_a_limit_is_met_by_equality_and_breached_by_one_more() -> None:
    assert Budget(macs=100, params=10, memory=1000, size=5000).breaches(COSTS) == ()
    assert Budget(macs=99, params=10, memory=999, size=5000).breaches(COSTS) == ("macs", "memory")
    assert Budget(params=9).use(COSTS) == pytest.approx(10 / 9)


def test_a_written_model_file_is_smaller_than_its_costs_say(tmp_path) -> None:
    from featherbone.nn import Model, Preprocessing, module, save_model, weights_of

    def cost(design):
        return costs_of(design.graph(classes=10, channels=3))

    for design in sample(light(32), Budget(params=30_000), 5, seed=3, cost=cost):
        graph = design.graph(classes=10, channels=3)
        model = Model(
            graph=graph,
            weights=weights_of(module(graph, seed=0)),
            classes=tuple("abcdefghij"),
            preprocessing=Preprocessing(resolution=32, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3),
        )
        save_model(tmp_path / "model.safetensors", model)
        written, promised = (tmp_path / "model.safetensors").stat().st_size, costs_of(graph).size
        assert written <= promised <= 1.25 * written + 8192, str(design)
