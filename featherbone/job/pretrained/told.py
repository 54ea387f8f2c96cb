"""What run.json says of a search with pretrained networks when it is finished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from featherbone.cut_record import CutRecord, TunedRecord
from featherbone.job.pruning.compared import UNCUT, compared, of_result
from featherbone.job.search.plan import SearchPlan
from featherbone.job.search.recipe import cut_recipe
from featherbone.json_values import read_value, write_value
from featherbone.run_record import ResultRecord
from featherbone.search.cuts.cut_design import CutDesign, is_cut
from featherbone.search.cuts.cut_file import load_cut


def told_of_cuts(plan: SearchPlan, result: ResultRecord) -> dict[str, Any]:
    """The networks that were fine-tuned; the uncut one beside what was chosen, and where its channels went."""
    start, draft = plan.start, plan.draft
    assert start is not None, "there are pretrained networks"
    design = result.design or ""
    uncut = start.uncut[0]
    facts: dict[str, Any] = {}
    if is_cut(design):
        name = CutDesign.parse(design).network
        uncut = next(each for each in start.uncut if each.pretrained.name == name)
        cut = read_value("what is said of the cut", load_cut(draft.folder, design).provenance["cut"], CutRecord)
        facts["cut"] = write_value(cut)
        facts["recipe"] = cut_recipe(draft.request.recipe, plan.recipe, draft.dataset).to_dict()
    model = uncut.model()
    seen = model.preprocessing
    images = replace(draft.dataset, mean=seen.mean, std=seen.std)
    whole = compared(f"{uncut.pretrained.name} {UNCUT}", model, images)
    chosen = of_result("cut and taught" if is_cut(design) else "chosen", result)
    records = [
        TunedRecord(
            name=each.pretrained.name,
            source=each.pretrained.source,
            sha256=each.pretrained.digest,
            val_top1=each.val_top1,
            seconds=each.seconds,
        )
        for each in start.uncut
    ]
    return {
        **facts,
        "pretrained": [write_value(each) for each in records],
        "compared": [write_value(whole), write_value(chosen)],
    }
