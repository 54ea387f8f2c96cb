"""Firmware writes what the reference writes on every core that is emulated, and what it takes is what was asked for."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from c_code import every_operator, integers_in_and_out, together
from quantizing import noise, quantized

from featherbone import FeatherboneError
from featherbone.cost import count
from featherbone.graph import Graph, image
from featherbone.networks import network
from featherbone.ship.c import PROCESSORS, integer_sources
from featherbone.ship.c.firmware import BOARDS, COMPILER, EMULATOR, FirmwareCheck, check_firmware

emulated = pytest.mark.skipif(
    shutil.which(COMPILER) is None or shutil.which(EMULATOR) is None,
    reason=f"there is no {COMPILER} or {EMULATOR} here",
)


IN_CI = ("cortex-m4", "cortex-m55")


def checked(graph: Graph, processor: str, **limits: int) -> FirmwareCheck:
    quantity = quantized(graph, images=2)
    given, wanted = integers_in_and_out(quantity, noise(graph, 2, seed=1))
    sources = integer_sources(quantity, None, PROCESSORS[processor])
    found = check_firmware(sources, quantity.graph, processor, given, **limits)
    assert np.array_equal(found.answers, np.moveaxis(wanted, 1, -1).reshape(len(wanted), -1))
    return found


@emulated
@pytest.mark.parametrize(
    "processor",
    [name if name in IN_CI else pytest.param(name, marks=pytest.mark.long) for name in BOARDS],
)
def test_every_operator_on_every_core(processor):
    checked(together(every_operator(image(6, 9))), processor)


@emulated
@pytest.mark.parametrize(("processor", "each"), [("cortex-m4", 2.0), ("cortex-m55", 1.25)])  # 1.85 and 0.66
def test_resnet_8_fits_a_small_part(processor, each):
    graph = network("mlperf_tiny_resnet8")
    found = checked(graph, processor, ram=40_000, stack=1024)
    counted = count(graph)
    assert each / 2 <= found.instructions / counted.macs <= each
    assert found.ram + found.stack <= 40_000
    assert found.flash <= counted.params + 40_000


@emulated
def test_the_same_run_takes_the_same():
    graph = image(3, 8).conv(8, 3).act("relu").global_pool().flatten().linear(4).graph("tiny")
    one, other = (checked(graph, "cortex-m3") for _ in range(2))
    assert one.instructions == other.instructions > count(graph).macs
    assert one.stack == other.stack > 0


@emulated
@pytest.mark.parametrize(("limits", "said"), [({"flash": 4096}, "its flash"), ({"ram": 2048, "stack": 256}, "its ram")])
def test_what_does_not_fit_is_refused_with_by_how_much(limits, said):
    graph = image(3, 16).conv(32, 3).conv(32, 3).global_pool().flatten().linear(4).graph("tiny")
    with pytest.raises(FeatherboneError, match=f"tiny does not fit into {said}: it needs [0-9,]+ bytes more"):
        checked(graph, "cortex-m4", **limits)


@emulated
def test_a_stack_that_is_too_small_is_found():
    with pytest.raises(FeatherboneError, match=r"tiny used [0-9]+ bytes of the stack; 64 were kept for it"):
        checked(image(3, 4).conv(2, 3).global_pool().graph("tiny"), "cortex-m4", stack=64)


@pytest.mark.parametrize("tool", [COMPILER, EMULATOR])
def test_without_a_tool_the_line_that_installs_it_is_said(tool, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == tool else f"/usr/bin/{name}")
    with pytest.raises(FeatherboneError, match=f"needs {tool}, which is not installed") as caught:
        checked(image(1, 2).conv(1, 1).graph("tiny"), "cortex-m4")
    assert "apt-get install" in str(caught.value.hint)


def test_an_unknown_core_and_an_impossible_memory_are_refused():
    with pytest.raises(FeatherboneError, match="there is no board for 'plain'"):
        checked(image(1, 2).conv(1, 1).graph("tiny"), "plain")
    if shutil.which(COMPILER) and shutil.which(EMULATOR):
        with pytest.raises(FeatherboneError, match="ram of 99,999,999 bytes"):
            checked(image(1, 2).conv(1, 1).graph("tiny"), "cortex-m4", ram=99_999_999)
