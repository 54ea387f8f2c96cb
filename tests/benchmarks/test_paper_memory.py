"""Table 3 of the MobileNetV2 paper: which cells are reproduced, by which reading, and which cannot be."""

import pytest

from benchmarks.paper_memory import COLUMNS, SIDES, Cell, kilobytes_of, shown_as, table3

UNREACHED = {
    (112, "ShuffleNet (2x, g=3)"): "no reading gives 32 channels",
    (7, "MobileNetV1"): "1024 channels are 100 kB, not 199",
    (7, "MobileNetV2"): "320 channels are 31 kB, not 32",
}
MOBILENET_V2 = {112: "between blocks", 56: "at the input's side", 28: "at the input's side", 14: "at the input's side"}


@pytest.fixture(scope="module")
def cells() -> tuple[Cell, ...]:
    return table3()


def test_every_cell_has_a_verdict_and_fifteen_of_eighteen_are_reached(cells: tuple[Cell, ...]) -> None:
    assert [(cell.side, cell.column) for cell in cells] == [(side, name) for side in SIDES for name, _ in COLUMNS]
    unreached = {(cell.side, cell.column): cell.verdict for cell in cells if not cell.reached_by}
    assert unreached == UNREACHED


def test_a_reached_cell_has_both_of_its_numbers(cells: tuple[Cell, ...]) -> None:
    for cell in cells:
        for name in cell.reached_by:
            channels, size = cell.computed[name]
            assert channels == cell.channels
            assert size == channels * cell.side**2 * 2 // 1000
            assert shown_as(size, cell.kilobytes)


def test_mobilenet_v1_keeps_every_tensor(cells: tuple[Cell, ...]) -> None:
    column = [cell for cell in cells if cell.column == "MobileNetV1" and cell.side != 7]
    assert all("every tensor of mobilenet_v1" in cell.reached_by for cell in column)


def test_mobilenet_v2_is_entered_one_stage_too_wide_in_the_middle(cells: tuple[Cell, ...]) -> None:
    for cell in cells:
        if cell.column == "MobileNetV2" and cell.side in MOBILENET_V2:
            assert cell.reached_by == (f"{MOBILENET_V2[cell.side]} of mobilenet_v2",)


def test_the_pooled_map_is_kept_for_the_classifier(cells: tuple[Cell, ...]) -> None:
    pooled = next(cell for cell in cells if cell.column == "MobileNetV2" and cell.side == 1)
    assert "between blocks of mobilenet_v2" in pooled.reached_by


def test_shufflenets_widths_are_of_two_groups(cells: tuple[Cell, ...]) -> None:
    for cell in cells:
        if cell.column.startswith("ShuffleNet") and cell.side < 56:
            assert cell.reached_by
            assert all(name.endswith("groups=2") for name in cell.reached_by)


@pytest.mark.parametrize(("place", "published"), list(enumerate((1600, 400, 600))))
def test_the_last_row(cells: tuple[Cell, ...], place: int, published: int) -> None:
    """ShuffleNet's 600 leaves out its own cell at 112×112 (800), which no reading reaches."""
    reached = [cell for cell in cells if cell.column == COLUMNS[place][0]]
    assert shown_as(max(cell.computed[name][1] for cell in reached for name in cell.reached_by), published)


def test_digits() -> None:
    assert kilobytes_of(1600, 7) == 156
    assert not shown_as(37, 62)
    assert not shown_as(188, 156)
    assert not shown_as(1204, 800)
