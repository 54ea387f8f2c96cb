"""The long run of the fuzzers, ``make fuzz``; the kept result is benchmarks/results/fuzz.txt.

python tests/fuzz/run.py --texts 20000 --binaries 3000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.machine import describe
from tests.fuzz.formats import formats
from tests.fuzz.fuzzing import fuzz


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=20_000, help="inputs for each text format")
    parser.add_argument("--binaries", type=int, default=3_000, help="inputs for each binary format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="names of formats")
    parser.add_argument("--out", type=Path, help="a file for the result, beside what is printed")
    asked = parser.parse_args()
    lines: list[str] = []
    _tell(lines, describe("featherbone", "torch", "onnx", "pillow"))
    _tell(lines, f"{'format':<14}{'inputs':>8}{'read':>8}{'refused':>9}{'foreign':>9}{'hangs':>7}{'slowest':>10}")
    bad = 0
    for kind in formats():
        if asked.only and kind.name not in asked.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = fuzz(kind, asked.binaries if kind.binary else asked.texts, Path(folder), seed=asked.seed)
        bad += found.hangs + found.foreign.total()
        numbers = f"{found.inputs:>8,}{found.read:>8,}{found.refused:>9,}{found.foreign.total():>9,}{found.hangs:>7,}"
        _tell(lines, f"{kind.name:<14}{numbers}{found.slowest:>9.2f}s")
        for example, number in found.foreign.most_common(20):
            print(f"    {number:,} × {example!r}", file=sys.stderr, flush=True)
    _tell(
        lines,
        "\nread: as a good one; refused: in a sentence; foreign: another exception; slowest: CPU time of one input",
    )
    if asked.out is not None and not bad:
        asked.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 1 if bad else 0


def _tell(lines: list[str], line: str) -> None:
    lines.append(line)
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
