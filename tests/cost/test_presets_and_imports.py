"""Conventions of other tools reproduce figures that the tools printed; and reading a cost loads nothing heavy."""

import subprocess
import sys

import pytest

from featherbone.cost import CONVENTIONS, count
from featherbone.networks import network


@pytest.mark.parametrize(
    ("spec", "convention", "printed"),
    [
        ("resnet50", "papers", 4_089_184_256),  # calflops, DeepSpeed, torch's FlopCounterMode / 2
        ("mobilenet_v2", "papers", 300_774_272),
        ("resnet50", "fvcore", 4_111_512_576),
        ("mobilenet_v2", "fvcore", 314_193_216),
    ],
)
def test_the_tools_own_figures_to_the_last_digit(spec: str, convention: str, printed: int) -> None:
    assert count(network(spec), CONVENTIONS[convention]).macs == printed


@pytest.mark.parametrize(
    ("spec", "millions"),
    [
        ("mobilenet_v1", 579.80),
        ("mobilenet_v1:width=0.25", 44.09),
        ("resnet18", 1820.41),
        ("shufflenet_v1:groups=8", 150.76),
        ("squeezenet", 823.67),
        ("se_resnet50", 3883.25),
    ],
)
def test_pytorchcvs_readme(spec: str, millions: float) -> None:
    assert count(network(spec), CONVENTIONS["pytorchcv"]).macs / 1e6 == pytest.approx(millions, abs=0.005)


def test_counting_loads_neither_torch_nor_numpy_nor_sympy() -> None:
    code = (
        "import sys\n"
        "from featherbone.cost import count, peak_memory, verify, zoo\n"
        "from featherbone.networks import network\n"
        "count(network('mobilenet_v2')).to_json()\n"
        "zoo({'macs': '<50M'})\n"
        "print(sorted({'torch', 'numpy', 'sympy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
