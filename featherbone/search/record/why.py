"""Why this network: the answer of a search in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from featherbone.quantities import QUANTITIES
from featherbone.search.record.answer import Answer, Gap, Scored
from featherbone.wording import listed, percent, points

WORTH_SAVING = 0.05  # a cheaper design is mentioned where it saves this share of a cost
CUT = "cut"  # the origin of cuts of pretrained networks
NAMED = 6  # designs that a sentence lists


def why(found: Answer, designs: Sequence[Scored]) -> list[str]:
    """What it won against and by how much, which limit binds, which network of the zoo it beat, what cheaper gives."""
    best = found.winner
    images = f"{found.images:,} validation images" if found.images else "validation images"
    there = sum(each.rung == best.rung for each in designs)
    sentences = [
        f"{trained(len(designs))}; {there:,} of them reached rung {best.rung}. There design {best.id} scored "
        f"{percent(best.top1)} on the {images} (± {points(found.standard_error)}, one standard error)."
    ]
    if found.second is not None:
        sentences.append(_runner_up(found, found.second, designs))
    if found.used:
        sentences.append(_binding(found))
    sentences += _zoo(found)
    sentences += _cut(best, designs)
    cost = found.binding or "macs"
    cheaper = [point for point in found.fronts.get(cost, ()) if point.cost < (1 - WORTH_SAVING) * best.costs[cost]]
    if cheaper and cheaper[-1].top1 <= best.top1:
        last = cheaper[-1]
        sentences.append(
            f"The next cheaper on the Pareto front is design {last.trial}: "
            f"{percent(last.cost / best.costs[cost], 0)} of the {_words(cost)}, and {points(best.top1 - last.top1)} "
            f"less top-1, after {last.epochs} epochs."
        )
    return sentences


def _runner_up(found: Answer, second: Gap, designs: Sequence[Scored]) -> str:
    other = next(each for each in designs if each.id == second.trial)
    words = (
        f"The runner-up, design {second.trial}, scored {percent(second.top1)} at rung {second.rung} with "
        f"{costs(other)}: {_behind(second)}."
    )
    if found.tied:
        named = [str(number) for number in found.tied[:NAMED]]
        more = len(found.tied) - len(named)
        who = (
            f"designs {', '.join(named)} and {more:,} more"
            if more
            else f"design{'s' * (len(named) > 1)} {listed(named)}"
        )
        words += (
            f" {found.images:,} images cannot tell it from {who} at 95 %: a tie, in which the higher score was taken."
        )
    return words


def _binding(found: Answer) -> str:
    assert found.binding is not None
    others = [f"{percent(share, 0)} of {_words(name)}" for name, share in found.used.items() if name != found.binding]
    words = f"The limit that binds is {_words(found.binding)}: {percent(found.used[found.binding])} of it is used"
    return words + (f", against {listed(others)}." if others else ".")


def _zoo(found: Answer) -> list[str]:
    if found.winner.origin == "zoo":
        return [f"It is a network of the papers, as wide as the budget allows, {found.winner.design}: nothing beat it."]
    if found.zoo is None:
        return []
    zoo = found.zoo
    which = "the only one" if found.zoo_tried == 1 else f"the best of {found.zoo_tried}"
    return [
        f"Of the networks of the papers, as wide as the budget allows, {zoo.design} was {which}: "
        f"{percent(zoo.top1)} at rung {zoo.rung}, {_behind(zoo)}."
    ]


def _cut(best: Scored, designs: Sequence[Scored]) -> list[str]:
    """Of a cut that won, how far the best design from nothing got beside it."""
    if best.origin != CUT:
        return []
    others = sorted((each for each in designs if each.origin != CUT), key=lambda each: each.rank)
    words = "It is a cut of a pretrained network"
    if not others:
        return [f"{words}."]
    other, count = others[0], len(others)
    rung = min(other.rung, best.rung)
    return [
        f"{words}: the best of {count:,} design{'s' * (count > 1)} from nothing, design {other.id}, scored "
        f"{percent(other.scores[rung])} at rung {rung}, where it had {percent(best.scores[rung])}."
    ]


def _words(cost: str) -> str:
    return QUANTITIES[cost].words


def _behind(gap: Gap) -> str:
    """``0.8 points behind, 0.6 standard errors of the difference``."""
    if gap.behind == 0:
        return "as much as the chosen one"
    words = f"{points(abs(gap.behind))} {'behind' if gap.behind > 0 else 'ahead'}"
    if gap.standard_errors is None:
        return words
    return f"{words}, {abs(gap.standard_errors):.1f} standard errors of the difference"


def costs(design: Scored) -> str:
    """What a design costs, in words.

    >>> costs(Scored(id=1, design="", origin="zoo", epochs=1, scores={0: 0.5}, costs={"macs": 2e6, "params": 30_000}))
    '2.0 M multiply-adds and 30.0 k parameters'
    """
    known = [QUANTITIES[name] for name in ("macs", "params") if name in design.costs]
    return listed([f"{each.show(design.costs[each.name])} {each.words}" for each in known])


def trained(count: int) -> str:
    return f"{count:,} design{'' if count == 1 else 's'} {'was' if count == 1 else 'were'} trained"
