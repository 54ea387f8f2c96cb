"""A network as the firmware of a Cortex-M: built by ``arm-none-eabi-gcc``, run in ``qemu-system-arm``, and measured."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.ship.c.call import places
from featherbone.ship.c.sources import CSources

FOLDER = Path(__file__).parent / "firmware"
COMPILER, EMULATOR = "arm-none-eabi-gcc", "qemu-system-arm"
PACKAGES = {
    COMPILER: "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi",
    EMULATOR: "apt-get install qemu-system-arm",
}
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "-ffunction-sections", "-fdata-sections")
LINKED = ("-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-lm")
MOST_SECONDS = 600
TURN = 2  # instructions of a turn of the loop by which ticks are read
TURNS = 100_000


@dataclass(frozen=True, kw_only=True)
class EmulatedBoard:
    """A board that the emulator knows, and where its memory lies.

    ``flash`` and ``ram`` are the bytes that there are. A Cortex-M0 is built as such, and run by a Cortex-M3, which has
    all of its instructions.
    """

    machine: str
    cpu: tuple[str, ...]
    flash_origin: int
    flash: int
    ram_origin: int
    ram: int
    bench_origin: int
    bench: int = 1 << 20


def _board(machine: str, *cpu: str) -> EmulatedBoard:
    return EmulatedBoard(
        machine=machine, cpu=cpu, flash_origin=0x400, flash=(4 << 20) - 0x400, ram_origin=0x20000000, ram=3 << 20,
        bench_origin=0x20300000,
    )  # fmt: skip


BOARDS = {
    "cortex-m0": _board("mps2-an385", "-mcpu=cortex-m0"),
    "cortex-m3": _board("mps2-an385", "-mcpu=cortex-m3"),
    "cortex-m4": _board("mps2-an386", "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    "cortex-m7": _board("mps2-an500", "-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"),
    "cortex-m55": EmulatedBoard(
        machine="mps3-an547", cpu=("-mcpu=cortex-m55", "-mfloat-abi=hard"), flash_origin=0x01000000, flash=2 << 20,
        ram_origin=0x20000000, ram=512 << 10, bench_origin=0x21000000,
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FirmwareCheck:
    """What a network's firmware wrote and took.

    >>> FirmwareCheck(answers=np.zeros((1, 10), np.int8), flash=90_000, ram=33_000, stack=400, instructions=23_000_000)
    FirmwareCheck(flash=90000, ram=33000, stack=400, instructions=23000000)

    Fields:
        answers: int8, one row an image: place after place, the channels of each together.
        flash: bytes of code and constants.
        ram: bytes of all that changes, without the stack.
        stack: the most bytes of the stack that were used while the network ran.
        instructions: for one image.
    """

    answers: np.ndarray = field(repr=False)
    flash: int
    ram: int
    stack: int
    instructions: int


def check_firmware(
    sources: CSources,
    graph: Graph,
    processor: str,
    images: np.ndarray,
    *,
    flash: int | None = None,
    ram: int | None = None,
    stack: int = 2048,
) -> FirmwareCheck:
    """Build a quantized network for a Cortex-M and run it in an emulator.

        check_firmware(to_c(model, "cortex-m4"), model.graph, "cortex-m4", images).instructions

    Args:
        sources: written for ``processor``, one of ``BOARDS``.
        images: int8, images × channels × height × width, on the grid of the network's input.
        flash, ram: bytes that there are; by default all that the board has. ``ram`` holds the stack, too.
        stack: bytes that are kept for the stack.

    Raises:
        FeatherboneError: an unknown processor; no compiler or no emulator, with what installs it; a network that does
            not fit, by how much; more stack than was kept; a program that fails.
    """
    board = board_of(processor)
    require_tools()
    with tempfile.TemporaryDirectory(prefix="featherbone-firmware-") as folder:
        home = Path(folder)
        program = _built(sources, graph, board, home, _limits(board, flash, ram, stack))
        answers, figures = _run(board, program, home, images)
        sections = _sections(program)
    used, ticks, calibration = (int(value) for value in figures)
    if used > stack:
        raise FeatherboneError(f"{sources.name} used {used:,} bytes of the stack; {stack:,} were kept for it")
    return FirmwareCheck(
        answers=answers,
        flash=sum(sections.get(name, 0) for name in (".vectors", ".text", ".ARM.exidx", ".data")),
        ram=sum(sections.get(name, 0) for name in (".data", ".bss")),
        stack=used,
        instructions=round(ticks * TURN * TURNS / calibration),
    )


def board_of(processor: str) -> EmulatedBoard:
    """The board on which a processor is emulated.

    >>> board_of("cortex-m4").machine
    'mps2-an386'
    """
    if processor not in BOARDS:
        raise FeatherboneError(f"there is no board for {processor!r}", hint=f"there are {', '.join(BOARDS)}")
    return BOARDS[processor]


def require_tools() -> None:
    """Raise FeatherboneError, with the line that installs it, where the compiler or the emulator is absent."""
    for tool, line in PACKAGES.items():
        if shutil.which(tool) is None:
            raise FeatherboneError(f"checking firmware needs {tool}, which is not installed", hint=line)


def _limits(board: EmulatedBoard, flash: int | None, ram: int | None, stack: int) -> dict[str, int]:
    """The regions of the linker."""
    for what, wanted, there in (("flash", flash, board.flash), ("ram", ram, board.ram)):
        if wanted is not None and not 0 < wanted <= there:
            raise FeatherboneError(f"{what} of {wanted:,} bytes; {board.machine} is emulated with 1 to {there:,}")
    return {
        "vectors": 0,
        "flash_origin": board.flash_origin,
        "flash": flash or board.flash,
        "ram_origin": board.ram_origin,
        "ram": (ram or board.ram) // 8 * 8,
        "bench_origin": board.bench_origin,
        "bench": board.bench,
        "stack": stack,
    }


def _built(sources: CSources, graph: Graph, board: EmulatedBoard, home: Path, limits: dict[str, int]) -> Path:
    names = (f"{sources.name}.c", f"{sources.name}.h", "layout.ld")
    layout = Template((FOLDER / "layout.ld").read_text(encoding="utf-8")).substitute(limits)
    for name, text in zip(names, (sources.source, sources.header, layout), strict=True):
        (home / name).write_text(text, encoding="utf-8")
    image, answer = graph.nodes[0].shape, graph[graph.outputs[0]].shape
    settings = {
        "NETWORK_HEADER": f'"{sources.name}.h"',
        "NETWORK_RUN": f"{sources.name}_integers",
        "NETWORK_READS": int(image[0]) * places(image),
        "NETWORK_WRITES": int(answer[0]) * places(answer),
    }
    program = home / "firmware.elf"
    files = [str(home / names[0]), str(FOLDER / "startup.c"), str(FOLDER / "check.c")]
    defined = [f"-D{key}={value}" for key, value in settings.items()]
    said = _ran(
        [COMPILER, *board.cpu, "-mthumb", *FLAGS, *defined, f"-I{home}", *files, f"-T{home / names[2]}", *LINKED,
         "-o", str(program)], home,
    )  # fmt: skip
    if said.returncode:
        raise FeatherboneError(_reason(said.stderr, sources.name))
    return program


def _reason(said: str, name: str) -> str:
    """Why a program could not be built; first of all, that it does not fit."""
    over = re.search(r"region `(FLASH|RAM)' overflowed by (\d+) bytes", said)
    if over is not None:
        return f"{name} does not fit into its {over[1].lower()}: it needs {int(over[2]):,} bytes more"
    lines = said.splitlines() or ["?"]
    return f"{COMPILER} cannot build {name}: {next((line for line in lines if 'error' in line), lines[-1])}"


def _run(board: EmulatedBoard, program: Path, home: Path, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (home / "images.bin").write_bytes(np.ascontiguousarray(np.moveaxis(images, 1, -1)).tobytes())
    said = _ran(
        [EMULATOR, "-M", board.machine, "-display", "none", "-monitor", "none", "-serial", "none",
         "-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel", str(program)], home,
    )  # fmt: skip
    if said.returncode:
        raise FeatherboneError(f"the firmware ends with {said.returncode} in {EMULATOR}: {said.stderr.strip()[:200]}")
    written = (home / "answers.bin").read_bytes()
    figures = np.frombuffer(written[-24:], np.uint64)
    return np.frombuffer(written[:-24], np.int8).reshape(len(images), -1), figures


def _sections(program: Path) -> dict[str, int]:
    """Bytes of each section of a program."""
    size = COMPILER.replace("gcc", "size")
    lines = subprocess.run([size, "-A", str(program)], capture_output=True, text=True, check=True).stdout.splitlines()
    found = [line.split() for line in lines if line.startswith(".")]
    return {name: int(count) for name, count, *_ in found}


def _ran(command: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=home,
            timeout=MOST_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FeatherboneError(f"{command[0]} cannot be run: {error}") from error
