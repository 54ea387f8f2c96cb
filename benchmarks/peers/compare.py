"""Our numbers beside those that ``run_peers.py`` collected: equal to the last digit, or the difference in words.

    peers/bin/python benchmarks/peers/compare.py > benchmarks/results/conventions.txt

Beside each figure stand the operators that set it apart from the papers' convention, as ``--explain`` names them; these
parts add up to the difference. Where a tool is wrong about a model's structure, ``REMARKS`` says so. The last
line counts what is neither equal nor remarked upon; the script ends with 1 unless that is none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from families import FAMILIES
from subjects import ARCHITECTURES, MODULES, build, input_size

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe

from featherbone.cost import CONVENTIONS, count, explain
from featherbone.graph import Graph
from featherbone.importing import Imported, read
from featherbone.networks import network

# Where a tool is wrong about how a model is built, in words.
REMARKS = {
    ("shared, two parents", "ptflops"): "4 times for 2 runs: run by both, added up in both",
    ("shared, two parents", "thop"): "8 times for 2 runs: hooked by both, run by both, added up in both",
    ("shared, two parents", "calflops"): "4 times for 2 runs: run by both, added up in both",
    ("buffers alone", "calflops"): "fails on a model without parameters",
}


def figures(name: str, says: Mapping[str, Any], found: Imported, zoo: Graph | None) -> Iterator[tuple[str, str]]:
    """(verdict, line) for each tool."""
    for tool, printed in says.items():
        (ours,) = explain(found.graph, [CONVENTIONS[tool]], calls=found.calls)
        verdict = "equal" if ours.macs == printed else "remark" if (name, tool) in REMARKS else "open"
        parts = "; ".join(f"{part.operator} ×{part.count} {part.macs:+,}" for part in ours.parts) or "the papers' own"
        words = {"equal": "equal", "remark": REMARKS.get((name, tool), ""), "open": "NOT EXPLAINED"}[verdict]
        own = "" if zoo is None else f"{int(count(zoo, CONVENTIONS[tool]).macs):,}"
        shown = f"{printed:,}" if isinstance(printed, int) else "failed"
        yield verdict, f"  {tool:13}{shown:>16}{ours.macs:>16,}  {own:>22}  {words}  [{parts}]"


def compared(peers: Mapping[str, Mapping[str, Any]], verdicts: dict[str, int]) -> Iterator[str]:
    for name in (*ARCHITECTURES, *FAMILIES, *MODULES):
        found = read(build(name), input_size(name))
        spec = ARCHITECTURES.get(name)
        yield ""
        yield f"{name}: {int(count(found.graph).macs):,} by the papers' convention"
        yield f"  {'tool':13}{'it says':>16}{'ours':>16}  {spec or '':>22}"
        for verdict, line in figures(name, peers[name], found, network(spec) if spec else None):
            verdicts[verdict] += 1
            yield line


def main() -> int:
    kept = json.loads((Path(__file__).parent / "figures.json").read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    print(describe("torch"), end="")
    print("tools     " + ", ".join(f"{tool} {version}" for tool, version in kept["versions"].items()))
    for note in kept.get("notes", ()):
        print(f"note      {note}")
    print("\nMultiply-adds by each tool on a CPU, and by our preset of its name for the same module; where we have the")
    print("same architecture, for our network too, which is read as modules throughout. In brackets: what a tool")
    print("charges otherwise than the papers' convention.")
    verdicts = {"equal": 0, "remark": 0, "open": 0}
    for line in compared(kept["models"], verdicts):
        print(line, flush=True)
    models, total = len(ARCHITECTURES) + len(FAMILIES) + len(MODULES), sum(verdicts.values())
    print(f"\n{models} models, {total} figures: {verdicts['equal']} equal to the last digit,")
    print(f"{verdicts['remark']} where the tool is wrong, as the remark says, {verdicts['open']} not explained.")
    return 1 if verdicts["open"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
