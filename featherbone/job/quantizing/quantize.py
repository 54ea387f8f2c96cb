"""A whole quantization: integers chosen, judged, written, verified, timed and compared, in a folder that can go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from featherbone.atomic import remove_unfinished, write_atomically
from featherbone.cut_record import ComparedRecord
from featherbone.errors import FeatherboneError
from featherbone.graph import to_json
from featherbone.job.finish import SHIPPED, UNVERIFIED, VERIFIED, result_of
from featherbone.job.folder import begun, run_folder, write_facts
from featherbone.job.option import command_words, keywords_of
from featherbone.job.pruning.compared import of_result
from featherbone.job.quantizing.integers import KEPT, choose_integers
from featherbone.job.quantizing.plan import QuantizingPlan, plan_quantizing, quantizing_identity
from featherbone.job.quantizing.request import QuantizeRequest
from featherbone.job.quantizing.speeds import speeds
from featherbone.json_values import write_value
from featherbone.lock import locked
from featherbone.progress import Noticed, Progress, Step, silent
from featherbone.quantize import QuantizedModel, load_quantized, map_bytes, save_quantized
from featherbone.report import write_report
from featherbone.report.quantized_content import slower
from featherbone.report.sheet import MISTAKES, write_sheet
from featherbone.run_file import LOCK, NETWORK, record_of
from featherbone.run_record import Verification
from featherbone.search.costs.budget import Costs, costs_of
from featherbone.ship.onnx_quantized import export_quantized, verify_quantized
from featherbone.ship.verify import failed
from featherbone.train import Evaluation, evaluate

BEFORE, AFTER = "float32", "integers"
SHIPPED_MODEL = "model.safetensors"


@keywords_of(QuantizeRequest)
def quantize_model(model: str, source: str | Path, *, progress: Progress = silent, **asked: Any) -> Path:
    """Write a trained network in integers that is as good as it was, and say how large and how fast it is.

        quantize_model("model.safetensors", "photos", weights=4)

    What can be asked, by keyword, is what ``featherbone.job.QuantizeRequest`` holds. Training images without their
    labels choose grids and integers; the validation images say what is lost. The folder that is returned holds
    run.json, model.safetensors, model.onnx and report.html. Called again with the same arguments it goes on where it
    was stopped.

    Raises:
        FeatherboneError: no model or data; a network that is quantized already; labels that it does not know; too few
            images; a drop that can't be kept; the folder holds another run or is in use.
        KeyboardInterrupt: the run was asked to stop; where it stands is saved.
    """
    return run_quantize(QuantizeRequest(model=model, source=source, **asked), progress)


def run_quantize(request: QuantizeRequest, progress: Progress = silent) -> Path:
    """Do what a request asks; the folder of the run.

        run_quantize(QuantizeRequest(model="model.safetensors", source="photos", weights=4))

    ``quantize_model`` says what is done, and what it raises.
    """
    plan = plan_quantizing(request, progress)
    folder = run_folder(plan.dataset.name, plan.title, name=request.name, out=request.out)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK, f"the run {folder}"):
        remove_unfinished(folder)
        asked = {"command": command_words("quantize", plan.request), **plan.facts()}
        facts = begun(folder, asked, quantizing_identity)
        if not record_of(facts, folder).is_finished:
            if facts.get("integers") is None:
                facts = {**facts, "integers": write_value(choose_integers(plan, folder, progress))}
                write_facts(folder, facts)
            _finish(plan, folder, facts, progress)
        progress(Step(name="report"))
        write_report(folder)
    return folder


def _finish(plan: QuantizingPlan, folder: Path, facts: Mapping[str, Any], progress: Progress) -> None:
    """Write what was chosen in both formats, check one against the other, time, test and compare it."""
    model = load_quantized(folder / KEPT)
    with write_atomically(folder / NETWORK) as file:
        file.write(to_json(model.graph).encode())
    check = _shipped(plan, model, folder, progress)
    measured = speeds(plan.model, model, progress) if check.largest_difference is not None else None
    if measured is not None and (sentence := slower(measured.records)):
        progress(Noticed(sentence=sentence))
    progress(Step(name="test"))
    test = plan.dataset.splits["test"]
    whole, tested = (evaluate(each.module(), test, plan.dataset) for each in (plan.model, model))
    write_sheet(folder / MISTAKES, test.images[[answer.index for answer in tested.worst]])
    size, peak = (folder / SHIPPED_MODEL).stat().st_size, map_bytes(model.network)
    costs = replace(costs_of(model.graph), peak_memory=peak, size=size, latency=None)
    result = result_of(tested, test, costs, verification=check, timing=measured.timing if measured else None)
    first = _compared(BEFORE, costs_of(plan.model.graph), whole, measured.before if measured else None)
    first = replace(first, file_bytes=Path(plan.request.model).stat().st_size)
    told = {
        "compared": [write_value(each) for each in (first, of_result(AFTER, result))],
        "speeds": [write_value(each) for each in (measured.records if measured else ())],
        "result": write_value(result),
    }
    write_facts(folder, {**facts, **told})


def _compared(name: str, costs: Costs, tested: Evaluation, latency: float | None) -> ComparedRecord:
    return ComparedRecord(
        name=name,
        params=costs.params,
        macs=costs.macs,
        peak_memory=costs.peak_memory,
        file_bytes=costs.size,
        latency_ms=latency,
        test_top1=tested.top1,
        test_top1_standard_error=tested.top1_standard_error,
    )


def _shipped(plan: QuantizingPlan, model: QuantizedModel, folder: Path, progress: Progress) -> Verification:
    """Write both files; whether the one computes what the other says."""
    file = folder / UNVERIFIED
    progress(Step(name="export"))
    save_quantized(folder / SHIPPED_MODEL, model)
    export_quantized(model, file)
    progress(Step(name="verify"))
    check = _verified(model, file, plan)
    if check.passed:
        file.replace(folder / SHIPPED)
    else:
        progress(Noticed(sentence=f"{check.reason}; {file} keeps its name, and the report says so"))
    return check


def _verified(model: QuantizedModel, file: Path, plan: QuantizingPlan) -> Verification:
    try:
        return verify_quantized(model, file, plan.dataset.splits["test"].images[:VERIFIED])
    except FeatherboneError as error:  # it does not run
        return failed(error)
