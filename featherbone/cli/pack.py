"""``featherbone pack``: a trained network in the smallest file that answers as well as is asked; ``unpack``: back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.output import console, print_json, print_table
from featherbone.cli.request_command import command_of
from featherbone.job import PackRequest
from featherbone.job.packing.request import DEEP_COMPRESSION, RATE_DISTORTION

if TYPE_CHECKING:
    from featherbone.job.packing.compressing import DeepCompressionReport
    from featherbone.job.packing.judge import AnswersKept
    from featherbone.job.packing.pack import PackedFile


@command_of(PackRequest)
def pack(request: PackRequest, json: bool) -> None:
    """Write a trained network as the smallest file that loses at most --max-drop points, or that has --size.

    Weights are rounded by what that does to the answers, on images without their labels, and coded. The same command
    again continues where it stopped. Every command that takes a model takes a packed one.

    --method deep-compression needs no images and writes nothing: it says what the published method would take.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import run_pack
    from featherbone.job.packing.compressing import report_deep_compression

    with Live(stderr=True) as live:
        published = None if request.method == RATE_DISTORTION else report_deep_compression(request, live)
        done = None if request.method == DEEP_COMPRESSION else run_pack(request, live)
    if json:
        facts = {} if done is None else done.facts()
        print_json(facts if published is None else {**facts, "deep_compression": published.facts()})
        return
    if published is not None:
        _print_published(published)
    if done is not None:
        _print(request, done)
    if published is not None and done is not None:
        times = published.found.size("coded") / done.size
        said = f"{times:.2f} times the bytes of {done.path}, which holds the graph, too"
        console().print(f"tensors by Deep Compression: {said}; --keep and --bits decide what they lose")


def unpack(
    packed: Annotated[Path, typer.Argument(help="The packed file, X.fbone.")],
    out: Annotated[Path, typer.Option(help="The model.safetensors to write.")],
) -> None:
    """Write a packed network as a model.safetensors, its weights in float32."""
    from featherbone.job.packing.unpack import run_unpack
    from featherbone.quantity import format_bytes

    written = run_unpack(packed, out)
    console().print(f"{written}, {format_bytes(written.stat().st_size)}")


def _print(request: PackRequest, done: PackedFile) -> None:
    from featherbone.quantity import format_bytes

    rows = [
        (f"{each.price:.2e}", f"{each.learned or '–'}", format_bytes(each.size), f"{each.verdict.drop:.2f}")
        for each in done.tried
    ]
    columns = ("price of a bit", "rounds learned", "file", "points lost on images held back")
    print_table("what was tried", columns, rows, left=0)
    screen = console()
    ratio = done.float_bytes / done.size
    screen.print(f"{done.path}, {format_bytes(done.size)}: {ratio:.1f} times smaller than its weights in float32")
    screen.print(f"in memory it is what it was, {format_bytes(done.float_bytes)} of weights, and as fast as it was")
    screen.print(f"test: {_said(done.tested)}")
    if request.size is None and done.tested.drop > request.drop + 2 * done.tested.standard_error:
        screen.print("that is more than was allowed; the images held back do not show it. Was it trained on them?")


def _print_published(published: DeepCompressionReport) -> None:
    from featherbone.quantity import format_bytes

    found = published.found
    rows = [
        (
            layer.name,
            f"{layer.weights:,}",
            f"{100 * layer.kept / layer.weights:.0f} %",
            f"{layer.bits}",
            f"{layer.gap_bits}",
            *(format_bytes(size) for size in (layer.float_bytes, layer.pruned, layer.shared, layer.coded)),
            f"{layer.float_bytes / layer.coded:.1f}x",
        )
        for layer in found.layers
    ]
    weights, kept = (
        sum(numbers) for numbers in zip(*((each.weights, each.kept) for each in found.layers), strict=True)
    )
    sizes = [found.size(stage) for stage in ("float_bytes", "pruned", "shared", "coded")]
    total = ("all", f"{weights:,}", f"{100 * kept / weights:.0f} %", "", "", *map(format_bytes, sizes))
    columns = ("layer", "weights", "kept", "bits", "gaps", "float32", "pruned", "shared", "Huffman", "ratio")
    print_table("Deep Compression, not retrained", columns, rows, total=(*total, f"{sizes[0] / sizes[-1]:.1f}x"))
    screen = console()
    screen.print(f"in all of them, {format_bytes(found.plain)} of biases and norms that stay in float32")
    if published.tested is not None:
        screen.print(f"test: {_said(published.tested)}")


def _said(verdict: AnswersKept) -> str:
    alike = f"{100 * verdict.alike / verdict.count:.2f} % of {verdict.count:,} images are answered as before"
    if verdict.before is None or verdict.after is None:
        return alike
    before, after = (100 * right / verdict.count for right in (verdict.before, verdict.after))
    lost = f"{verdict.drop:.2f} ± {verdict.standard_error:.2f} points lost"
    return f"top-1 {after:.2f} % of {before:.2f} %, {lost}; {alike}"
