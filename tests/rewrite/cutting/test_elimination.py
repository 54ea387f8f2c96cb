import torch

from featherbone.rewrite.cutting.elimination import RIDGE, Reader, eliminate, inverse_of, root_of

GENERATOR = torch.Generator().manual_seed(0)


def test_dropping_costs_what_least_squares_say() -> None:
    rows = torch.randn(300, 7, generator=GENERATOR, dtype=torch.float64)
    rows[:, 2] = rows[:, 0] + 0.1 * rows[:, 2]
    rows[:, -1] = 1
    matrix = torch.randn(5, 7, generator=GENERATOR, dtype=torch.float64)
    half = torch.randn(5, 5, generator=GENERATOR, dtype=torch.float64)
    information, moments = half @ half.T, rows.T @ rows / len(rows)
    columns = {0: [0, 1], 1: [2, 3], 2: [4, 5]}
    reader = Reader(
        layer="layer",
        group=0,
        columns={number: torch.tensor(each) for number, each in columns.items()},
        inverse=inverse_of(moments),
        matrix=matrix.clone(),
        weighed=root_of(information).T @ matrix,
    )
    ridge = RIDGE * moments.diagonal()[:-1].mean()
    held = moments + ridge * torch.eye(7, dtype=torch.float64)

    def least(gone: list[int]) -> float:
        left = [column for column in range(7) if column not in gone]
        fit = torch.linalg.solve(held[left][:, left], held[left] @ matrix.T).T
        error = matrix.clone()
        error[:, left] -= fit
        return float(torch.trace(information @ error @ held @ error.T))

    for number, each in columns.items():
        torch.testing.assert_close(reader.costs(3)[number].item(), least(each))
    found = eliminate([reader], 3)
    gone: list[int] = []
    for number, cost in zip(found.order, found.costs, strict=True):
        before = least(gone)
        gone += columns[number]
        torch.testing.assert_close(cost, least(gone) - before)


def test_a_layer_known_by_its_diagonal_only_costs_what_each_column_brings() -> None:
    reader = Reader(
        layer="wide",
        group=0,
        columns={0: torch.tensor([0]), 1: torch.tensor([1, 2])},
        inverse=inverse_of(torch.tensor([4.0, 1.0, 1.0, 1.0], dtype=torch.float64)),
        matrix=torch.tensor([[1.0, 2.0, 3.0, 0.0]], dtype=torch.float64),
        weighed=torch.tensor([[1.0, 2.0, 3.0, 0.0]], dtype=torch.float64),
    )
    assert reader.costs(2).tolist() == [4.0, 13.0]
    reader.drop([1])
    assert reader.costs(2).tolist() == [4.0, 0.0]


def test_the_last_set_stays_however_many_go_at_once() -> None:
    matrix = torch.tensor([[3.0, 1.0, 2.0, 0.0]], dtype=torch.float64)
    for at_once in (1, 2, 3, 9):
        reader = Reader(
            layer="conv",
            group=0,
            columns={number: torch.tensor([number]) for number in range(3)},
            inverse=torch.eye(4, dtype=torch.float64),
            matrix=matrix.clone(),
            weighed=matrix.clone(),
        )
        assert eliminate([reader], 3, at_once=at_once).order == (1, 2)


def test_sets_that_go_together_leave_what_they_leave_one_after_the_other() -> None:
    rows = torch.randn(300, 9, generator=GENERATOR, dtype=torch.float64)
    matrix = torch.randn(5, 9, generator=GENERATOR, dtype=torch.float64)
    columns = {0: [0, 1], 1: [2], 2: [3, 4], 3: [5], 4: [6, 7]}  # the last one is the bias
    together, one_by_one = (
        Reader(
            layer="layer",
            group=0,
            columns={number: torch.tensor(each) for number, each in columns.items()},
            inverse=inverse_of(rows.T @ rows / len(rows)),
            matrix=matrix.clone(),
            weighed=matrix.clone(),
        )
        for _ in range(2)
    )
    together.drop([4, 1, 0, 9])
    for number in (4, 1, 0):
        one_by_one.drop([number])
    torch.testing.assert_close(together.matrix, one_by_one.matrix)
    torch.testing.assert_close(together.inverse, one_by_one.inverse)
    torch.testing.assert_close(together.costs(5), one_by_one.costs(5))


def test_what_is_looked_at_is_looked_at_however_many_sets_go_at_once() -> None:
    matrix = torch.randn(2, 9, generator=GENERATOR, dtype=torch.float64)
    reader = Reader(
        layer="layer",
        group=0,
        columns={number: torch.tensor([number]) for number in range(8)},
        inverse=torch.eye(9, dtype=torch.float64),
        matrix=matrix.clone(),
        weighed=matrix.clone(),
    )
    found = eliminate([reader], 8, at_once=3, looked_at={2, 6})
    assert {count: int((each["layer", 0] == 0).all(0).sum()) for count, each in found.matrices.items()} == {2: 2, 6: 6}
    assert len(found.order) == 7
