"""Run the benchmarks that take minutes and keep what each prints: ``make bench``.

    python benchmarks/run_all.py

A result replaces the kept one only where its script succeeded. The long ones (``fit_cifar.py``, ``latency_zoo.py``,
``onnx_writer.py``) and those that need other tools (``foreign_weights.py``, ``profile_speed.py``, ``peers/``) are run
by hand; their docstrings say how.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
QUICK = ("count_speed", "module_overhead", "fit_digits")
NEEDS = {"cifar_weights": HERE.parent.parent / "shared" / "data" / "cifar10.zip"}


def main() -> int:
    names = [*QUICK, *(name for name, data in NEEDS.items() if data.exists())]
    for name, data in NEEDS.items():
        if not data.exists():
            print(f"{name}: left out, {data.name} is not there")
    failed = [name for name in names if not keep(name)]
    return 1 if failed else 0


def keep(name: str) -> bool:
    """Run one script; its output becomes the kept result if it ends well."""
    print(f"{name} …", flush=True)
    found = subprocess.run(
        [sys.executable, f"benchmarks/{name}.py"], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
    )
    if found.returncode:
        print(f"{name}: failed with exit code {found.returncode}; the kept result stays")
        return False
    (HERE / "results" / f"{name}.txt").write_text(found.stdout, encoding="utf-8")
    print(found.stdout)
    return True


if __name__ == "__main__":
    sys.exit(main())
