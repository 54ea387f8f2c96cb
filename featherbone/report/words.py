"""What the page says in sentences: the verdict, what is missing yet, and why this network was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.quantity import format_count
from featherbone.report.choice import chosen, front, runner_up, standard_error, uses
from featherbone.report.run import Run, Trial

WORTH_SAVING = 0.05  # a cheaper design is mentioned where it saves this share of the multiply-adds


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``tone`` is good, bad or open; ``badge`` a few words; ``sentence`` the whole answer."""

    tone: str
    badge: str
    sentence: str


def verdict(run: Run) -> Verdict:
    """The answer in one sentence."""
    result, trial = run.result, chosen(run)
    if result is None:
        if trial is None:
            return Verdict(tone="open", badge="running", sentence="No design has a score yet.")
        return Verdict(
            tone="open",
            badge="running",
            sentence=f"{tried(run)} so far. The leader, design {trial.id}, gets {percent(trial.val_top1)} of the "
            "validation images right.",
        )
    sentence = (
        f"A network of {format_count(result['params'])} parameters and {format_count(result['macs'])} multiply-adds "
        f"gets {percent(result['test_top1'])} of {result['test_count']:,} test images right, which it had never seen."
    )
    over = [use.name for use in uses(run) if not use.met]
    if over:
        return Verdict(tone="bad", badge="over budget", sentence=f"{sentence} It exceeds the limit of {listed(over)}.")
    if not (result.get("verification") or {}).get("passed"):
        problem = "does not match it" if result.get("verification") else "was not verified"
        return Verdict(tone="bad", badge="not verified", sentence=f"{sentence} The ONNX file {problem}.")
    return Verdict(tone="good", badge="fits the budget", sentence=f"{sentence} It fits the budget.")


def missing(run: Run) -> list[str]:
    """What a page of a run that is going on can't show yet."""
    gaps = [] if run.trials else ["designs"]
    if run.trials and not run.ranked:
        gaps.append("scores")
    if not any(trial.history for trial in run.trials):
        gaps.append("learning curves")
    if run.result is None:
        gaps += ["the test result", "the model files", "the check of the ONNX file", "latency"]
    else:
        for key, words in (("confusion", "the confusion matrix"), ("verification", "the check"), ("timing", "latency")):
            if not run.result.get(key):
                gaps.append(words)
    return gaps


def reasons(run: Run) -> list[str]:
    """Why this network: what it won against, by how much, what limited it, what a cheaper one would give."""
    trial = chosen(run)
    if trial is None:
        return []
    last = sum(other.rung == trial.rung for other in run.trials)
    sentences = [
        f"{tried(run)}; {last} of them reached rung {trial.rung}. There design {trial.id} scored "
        f"{percent(score(trial))} on the validation images."
    ]
    rival = runner_up(run)
    if rival is not None:
        sentences.append(_against(run, trial, rival))
    limited = [use for use in uses(run) if use.limit]
    if limited:
        tightest = max(limited, key=lambda use: use.share)
        others = [f"{100 * use.share:.0f} % of {use.name}" for use in limited if use is not tightest]
        sentences.append(
            f"The limit that binds is {tightest.name}: {percent(tightest.share)} of it is used"
            + (f", against {listed(others)}." if others else ".")
        )
    cheaper = [other for other in front(run.trials) if other.macs < (1 - WORTH_SAVING) * trial.macs]
    if cheaper:
        other = cheaper[-1]
        loss = 100 * ((trial.val_top1 or 0) - (other.val_top1 or 0))
        sentences.append(
            f"The next cheaper on the Pareto front is design {other.id}: {100 - 100 * other.macs / trial.macs:.0f} % "
            f"fewer multiply-adds for {loss:.1f} points of top-1, after {other.epochs} epochs."
        )
    return sentences


def _against(run: Run, trial: Trial, rival: Trial) -> str:
    words = (
        f"The runner-up, design {rival.id}, scored {percent(score(rival))} at rung {rival.rung} with "
        f"{format_count(rival.params)} parameters and {format_count(rival.macs)} multiply-adds."
    )
    images = (run.facts.get("data") or {}).get("counts", {}).get("val", 0)
    error = standard_error(score(trial), images)
    if rival.rung == trial.rung and error and abs(score(trial) - score(rival)) < error:
        words += (
            f" With {images:,} validation images that is within one standard error ({100 * error:.1f} points): a tie."
        )
    return words


def score(trial: Trial) -> float:
    """Validation top-1 at the last rung, where the trials compare; what was trained afterwards does not count."""
    rung = trial.rungs.get(trial.rung)
    return (rung.val_top1 if rung and rung.val_top1 is not None else trial.val_top1) or 0.0


def tried(run: Run) -> str:
    count = sum(trial.val_top1 is not None for trial in run.trials)
    return f"{count:,} design{'' if count == 1 else 's'} {'was' if count == 1 else 'were'} trained"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
