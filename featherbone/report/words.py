"""What the page of a search says in sentences: the verdict, and what is missing yet."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.quantity import format_count
from featherbone.report.choice import chosen, uses
from featherbone.report.longer import longer
from featherbone.report.run import Run
from featherbone.search.record.why import trained
from featherbone.wording import listed, percent


@dataclass(frozen=True, kw_only=True)
class Headline:
    """``tone`` is good, bad or open; ``badge`` a few words; ``sentence`` the whole answer."""

    tone: str
    badge: str
    sentence: str


def verdict(run: Run) -> Headline:
    """The answer in one sentence."""
    result, trial = run.result, chosen(run)
    if result is None:
        badge = "running" if run.going else "stopped"
        end = "" if run.going else " It was stopped before its end; the same command continues it."
        if trial is None:
            return Headline(tone="open", badge=badge, sentence=f"No design has a score yet.{end}")
        return Headline(
            tone="open",
            badge=badge,
            sentence=f"{tried(run)} so far. The leader, design {trial.id}, gets {percent(trial.val_top1)} of the "
            f"validation images right.{end}",
        )
    sentence = (
        f"A network of {format_count(result.params)} parameters and {format_count(result.macs)} multiply-adds "
        f"gets {percent(result.test_top1)} of {result.test_count:,} test images right, which it had never seen."
    )
    over = [use.name for use in uses(run) if not use.met]
    if over:
        return Headline(tone="bad", badge="over budget", sentence=f"{sentence} It exceeds the limit of {listed(over)}.")
    if not result.verification.passed:
        return Headline(tone="bad", badge="not verified", sentence=f"{sentence} The ONNX file does not match it.")
    history = run.histories.get(trial.id, ()) if trial is not None else ()
    more = longer(history, run.record.data.validated, "--time, or --epochs")
    return Headline(tone="good", badge="fits the budget", sentence=f"{sentence} It fits the budget.{more}")


def missing(run: Run) -> list[str]:
    """What a page of a run that is going on can't show yet."""
    gaps = [] if run.search.trials else ["designs"]
    if run.search.trials and not run.ranked:
        gaps.append("scores")
    if not any(run.histories.values()):
        gaps.append("learning curves")
    if run.result is None:
        gaps += ["the test result", "the model files", "the check of the ONNX file", "latency"]
    else:
        gaps += [] if run.result.confusion else ["the confusion matrix"]
        gaps += [] if run.result.timing else ["latency"]
    return gaps


def tried(run: Run) -> str:
    return trained(sum(trial.val_top1 is not None for trial in run.search.trials))
