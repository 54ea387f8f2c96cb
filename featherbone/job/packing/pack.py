"""A packing carried out: prices tried, the best file chosen, written, checked and told of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError
from featherbone.job.packing.judge import AnswersKept, Judge, judged_facts
from featherbone.job.packing.knob import dearest
from featherbone.job.packing.learned import DEARER, TEMPERATURE, LevelTeacher, best_of
from featherbone.job.packing.plan import PackingPlan, about_packed, plan_packing
from featherbone.job.packing.request import PackRequest
from featherbone.job.packing.tries import Tries, Try
from featherbone.nn import load_model
from featherbone.nn.packed.file import packed_bytes
from featherbone.nn.packed.model import PackedModel
from featherbone.pack import Levelling, levelled
from featherbone.progress import Progress, Step, silent
from featherbone.quantity import format_bytes
from featherbone.rewrite.cutting.fisher import fisher
from featherbone.rewrite.mending.mend import fitted_layers
from featherbone.rewrite.trained_graph import TrainedGraph

FLOAT = 4  # bytes of a weight
SPENT = 0.01  # nats of divergence that all weights together are first thought to lose


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """What was written: ``chosen`` among ``tried``, and how it answers on the test images.

    ``float_bytes`` are the weights in float32, as they are in memory before and after.
    """

    path: Path
    size: int
    float_bytes: int
    chosen: Try
    tried: tuple[Try, ...]
    tested: AnswersKept

    def facts(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return {
            "file": str(self.path),
            "bytes": self.size,
            "float32_bytes": self.float_bytes,
            "ratio": self.float_bytes / self.size,
            "held_back": judged_facts(self.chosen.verdict),
            "test": judged_facts(self.tested),
            "tried": [
                {"price": each.price, "bytes": each.size, "drop": each.verdict.drop, "learned": each.learned}
                for each in self.tried
            ],
        }


def run_pack(request: PackRequest, progress: Progress = silent) -> PackedFile:
    """Write the smallest file of a trained network that keeps what is asked.

        run_pack(PackRequest(model="model.safetensors", source="photos", out=Path("model.fbone")))

    Each price of a bit gives a file (``featherbone.pack.levelled``); the dearest that is allowed is found by bisection.
    The same call goes on where it was stopped.

    Raises:
        FeatherboneError: no model or data; no price keeps the limit; the file can't be written.
    """
    plan = plan_packing(request, progress)
    progress(Step(name="weigh", detail="how much the answers depend on each channel"))
    layers = fitted_layers(plan.network.graph)
    if not layers:
        raise FeatherboneError(f"{plan.model.graph.name} has no layer with weights; there is nothing to pack")
    weighed = fisher(plan.network, plan.fitted, layers, temperature=TEMPERATURE)
    importance = {name: found.diagonal() for name, found in weighed.items()}
    judge = Judge(plan.model, plan.network, plan.dataset, "val")
    tries = Tries(plan.identity(), plan.course())
    tried: list[Try] = []

    def attempt(price: float) -> Try:
        progress(Step(name="pack", detail=_told(tried)))
        done = tries.find(price)
        if done is None:
            found = levelled(plan.network, plan.fitted, importance, price, progress)
            done = _filed(plan, found, price, judge, tries)
        tried.append(done)
        return done

    def finished(found: Levelling, price: float, learned: int) -> Try:
        return _filed(plan, found, price, judge, tries, learned)

    weights = sum(tensor.numel() for tensor in plan.network.weights.values())
    chosen = _chosen(request, SPENT / weights, attempt)
    if request.time is not None:
        first = _first(request, chosen, tried)
        teacher = LevelTeacher(plan, importance, first, tries, progress)
        tried += teacher.taught(finished)
        chosen = best_of(tried, request)
    if chosen is None:
        raise _none_keeps(request, tried)
    _write(plan, tries.content(chosen))
    progress(Step(name="test", detail="on images that decided nothing"))
    kept = load_model(plan.out)
    tested = Judge(plan.model, plan.network, plan.dataset, "test").verdict(TrainedGraph(kept.graph, kept.weights))
    tries.remove()
    return PackedFile(
        path=plan.out,
        size=plan.out.stat().st_size,
        float_bytes=FLOAT * weights,
        chosen=chosen,
        tried=tuple(tried),
        tested=tested,
    )


def _filed(plan: PackingPlan, found: Levelling, price: float, judge: Judge, tries: Tries, learned: int = 0) -> Try:
    """The file of levels at a price, kept with how it answers."""
    about = about_packed(plan.model, found.network, plan.sha256)
    content = packed_bytes(PackedModel(about=about, levels=found.levels, plain=found.plain))
    done = Try(price=price, size=len(content), verdict=judge.verdict(found.network), learned=learned)
    tries.keep(done, content)
    return done


def _chosen(request: PackRequest, first: float, attempt: Callable[[float], Try]) -> Try | None:
    """The smallest file that loses no more than is allowed, or the best one of at most a size."""

    def allowed(done: Try) -> bool:
        return request.allows(done.size, done.verdict.drop)

    if request.size is None:
        return dearest(first, attempt, allowed)
    return dearest(1 / first, lambda turned: attempt(1 / turned), allowed)


def _first(request: PackRequest, chosen: Try | None, tried: Sequence[Try]) -> float:
    """The price that a training begins with: a file that learns may be smaller than one that does not."""
    if chosen is None:
        return min(tried, key=lambda done: done.verdict.drop if request.size is None else done.size).price
    return chosen.price * (DEARER if request.size is None else 1.0)


def _none_keeps(request: PackRequest, tried: Sequence[Try]) -> FeatherboneError:
    if request.size is not None:
        least = min(tried, key=lambda done: done.size)
        return FeatherboneError(
            f"no file has at most {format_bytes(request.size)}; the smallest tried has {format_bytes(least.size)} and "
            f"loses {least.verdict.drop:.2f} points",
            hint="allow more, or prune the network first",
        )
    best = min(tried, key=lambda done: done.verdict.drop)
    return FeatherboneError(
        f"no file loses at most {request.drop:g} points; the best of {format_bytes(best.size)} loses "
        f"{best.verdict.drop:.2f}",
        hint=f"--max-drop {best.verdict.drop:.1f}, or more --images",
    )


def _told(tried: list[Try]) -> str:
    if not tried:
        return "first try"
    last = tried[-1]
    return f"try {len(tried) + 1}; the last: {format_bytes(last.size)}, {last.verdict.drop:+.2f} points lost"


def _write(plan: PackingPlan, content: bytes) -> None:
    with write_atomically(plan.out) as file:
        file.write(content)
