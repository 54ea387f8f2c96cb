"""A run in a notebook: the verdict, its limits, its network, and where the whole page is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from featherbone.report import read_run, write_report


def test_a_finished_search_shows_its_verdict_its_limits_and_its_network(make_run: Callable[..., Path]) -> None:
    folder = make_run(finished=True)
    page = read_run(folder)._repr_html_()
    for found in ("It fits the budget", "32.6 k", "multiply-adds", "<svg", "featherbone report"):
        assert found in page
    assert "report.html" not in page
    assert ">0 B<" not in page, "peak memory has no limit"


def test_the_page_is_linked_once_it_is_there(make_run: Callable[..., Path]) -> None:
    folder = make_run(trials=1)
    (folder / "report.html").touch()
    assert f'href="{folder.as_posix()}/report.html"' in read_run(str(folder))._repr_html_()


def test_a_training_shows_its_network(make_training: Callable[..., Path]) -> None:
    folder = make_training(epochs=3)
    page = read_run(folder)._repr_html_()
    assert "<svg" in page
    assert write_report(folder).is_file()


def test_a_search_without_a_design_says_so(make_run: Callable[..., Path]) -> None:
    assert "No design has a score yet" in read_run(make_run(trials=0))._repr_html_()
