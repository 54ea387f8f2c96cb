"""How good a network is, as the page tells it: each class, what it is taken for, and the pictures it reads worst."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.metrics import class_scores
from featherbone.report.run import Run
from featherbone.report.sheet import MISTAKES, read_sheet
from featherbone.run_record import AnswerRecord, EvaluationRecord, ResultRecord

FEW = 10  # images of a class, below which its recall says little
COARSE = 96  # pixels of a side, up to which a picture is shown in whole pixels
TAKEN = 3  # classes that are named as what another one is taken for


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What ``quality.html`` shows."""

    classes: list[dict[str, Any]]  # the worst first
    answers: list[dict[str, Any]]  # the images with the highest loss
    misread: int
    misread_of: str
    trouble: str  # why there are no pictures, or empty
    pixelated: bool
    few: str
    calibration: str


def quality(run: Run) -> Quality:
    """What ``quality.html`` shows, out of the result of a run; empty before the end."""
    data = run.record.data
    return quality_of(run.result, data.classes, data.resolution or 0, run.folder / MISTAKES)


def quality_of(
    result: ResultRecord | EvaluationRecord | None,
    names: Sequence[str],
    resolution: int,
    sheet: Path,
    seen: str = "test images",
) -> Quality:
    """What ``quality.html`` shows of an evaluation on images that are ``seen``; ``sheet`` holds the worst of them."""
    matrix = result.confusion if result is not None else ()
    answers = result.worst if result is not None else ()
    if len(matrix) != len(names):
        matrix, names = (), ()
    images = sum(map(sum, matrix))
    misread = images - sum(row[place] for place, row in enumerate(matrix))
    worst = [answer for answer in answers if max(answer.true, answer.predicted) < len(names)]
    if misread:
        worst = [answer for answer in worst if answer.true != answer.predicted]
    pictures, trouble = _pictures(sheet, answers) if worst else ({}, "")
    rows = class_rows(matrix, names)
    scarce = [row["name"] for row in rows if row["images"] < FEW]
    return Quality(
        classes=rows,
        answers=[_answer(answer, names, pictures) for answer in worst],
        misread=misread,
        misread_of=f"{misread:,} of {images:,} {seen} are misread{_shown(misread, len(worst))}."
        if misread
        else f"Not one of the {images:,} {seen} is misread.",
        trouble=trouble,
        pixelated=resolution <= COARSE,
        few=f"Fewer than {FEW} {seen} show {', '.join(scarce[:5])}{' …' if len(scarce) > 5 else ''}: "
        "their shares may change much with other images."
        if scarce
        else "",
        calibration=_calibration(result) if result is not None else "",
    )


def _shown(misread: int, shown: int) -> str:
    return f"; shown are the {shown} with the highest loss" if shown < misread else ""


def class_rows(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Each class of a confusion matrix (true, predicted), with its scores and what it is taken for, the worst first."""
    rows = []
    for place, (name, score) in enumerate(zip(names, class_scores(matrix) if matrix else (), strict=True)):
        mistakes = {names[other]: count for other, count in enumerate(matrix[place]) if other != place and count}
        taken = sorted(mistakes, key=lambda other: -mistakes[other])[:TAKEN]
        rows.append(
            {
                "name": name,
                "images": score.images,
                "right": score.right,
                "recall": score.recall,
                "precision": score.precision,
                "f1": score.f1,
                "taken": ", ".join(f"{other} ({mistakes[other]})" for other in taken),
            }
        )
    return sorted(rows, key=lambda row: (row["recall"] is None, row["recall"]))


def _answer(answer: AnswerRecord, names: Sequence[str], pictures: Mapping[int, str]) -> dict[str, Any]:
    return {
        "true": names[answer.true],
        "predicted": names[answer.predicted],
        "confidence": answer.confidence,
        "path": answer.path,
        "picture": pictures.get(answer.index, ""),
    }


def _pictures(sheet: Path, answers: Sequence[AnswerRecord]) -> tuple[dict[int, str], str]:
    """The picture of each answer, by the image's index, as an address that holds it; or why there are none."""
    try:
        found = read_sheet(sheet, len(answers))
    except FeatherboneError as error:
        return {}, error.sentence
    texts = [f"data:image/png;base64,{base64.b64encode(picture).decode()}" for picture in found]
    return {answer.index: text for answer, text in zip(answers, texts, strict=True)}, ""


def _calibration(result: ResultRecord | EvaluationRecord) -> str:
    """Whether the network is too sure of itself, in a sentence."""
    bins = result.calibration
    total = sum(entry.count for entry in bins)
    if not total:
        return ""
    sure = sum(entry.count * entry.confidence for entry in bins) / total
    right = sum(entry.count * entry.accuracy for entry in bins) / total
    gap = 100 * (sure - right)
    verdict = "about as sure as it should be" if abs(gap) < 1 else "too sure" if gap > 0 else "not sure enough"
    return (
        f"On average it is {100 * sure:.1f} % sure and {100 * right:.1f} % right: {verdict}. "
        f"The calibration error is {100 * result.test_calibration_error:.1f} points."
    )
