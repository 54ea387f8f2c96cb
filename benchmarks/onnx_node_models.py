"""How many of ONNX's own models of single operators does ``featherbone cost`` read?

    python benchmarks/onnx_node_models.py [PART OF A NAME ...]

The models are those of ONNX's back-end tests, made by the installed onnx package: one or more for each operator, with
its attributes, types and corner cases, also as the functions that ONNX defines them by. Each is read and counted, with
its open sizes at the file's word. ``complete``: every multiply-add is known; ``partial``: some operator is named as not
counted; ``refused``: a sentence says why. ``foreign`` (an exception of another library) and ``slow`` (more than two
seconds) must be 0, and so must refusals that call a file malformed, as all of them are valid.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from machine import describe

import featherbone as fb
from featherbone.cost import count

SLOW = 2.0  # seconds of processor time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="only the models whose names contain one of these")
    wanted = parser.parse_args().parts
    warnings.simplefilter("ignore")  # notes beside the numbers
    fb.count(fb.network("mobilenet_v2", width=0.35))  # what is loaded once is no part of the first model
    print(describe("onnx", "torch"))
    found: Counter[str] = Counter()
    lines: list[str] = []
    malformed = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        for name, data in sorted(models().items()):
            if wanted and not any(part in name for part in wanted):
                continue
            file.write_bytes(data)
            verdict, why = tried(file)
            found[verdict] += 1
            malformed += "malformed" in why
            if verdict != "complete":
                lines.append(f"{verdict:10}{name:70}{why}")
    total = sum(found.values())
    print(f"{'':12}{'models':>8}{'share':>9}")
    for verdict in ("complete", "partial", "refused", "foreign", "slow"):
        print(f"{verdict:12}{found[verdict]:8,}{found[verdict] / max(1, total):9.2%}")
    print(f"{'all':12}{total:8,}\nrefused as malformed: {malformed}\n")
    print("\n".join(lines))
    sys.exit(bool(found["foreign"] or found["slow"] or malformed))


def models() -> dict[str, bytes]:
    """Name and bytes of each model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return {case.name: case.model.SerializeToString() for case in collect_testcases(None)}


def tried(file: Path) -> tuple[str, str]:
    """(verdict, why it is not complete)."""
    begin = time.process_time()
    try:
        counted = count(fb.read_model(file))
    except fb.FeatherboneError as error:
        verdict, why = "refused", error.sentence.partition(": ")[2] or error.sentence.replace(str(file), "it")
    except Exception as error:
        verdict, why = "foreign", f"{type(error).__name__}: {error}"[:100]
    else:
        verdict = "complete" if counted.complete else "partial"
        why = ", ".join(dict.fromkeys(label for _, label in counted.uncounted))
    return ("slow" if time.process_time() - begin > SLOW else verdict), why


if __name__ == "__main__":
    main()
