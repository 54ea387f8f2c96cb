"""The ``featherbone`` command: one thin file per subcommand, and one place where errors become sentences.

Each command imports what it needs when it runs, so ``featherbone --help`` loads neither torch nor sympy.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from featherbone import __version__
from featherbone.cli.channels import channels
from featherbone.cli.compare import compare
from featherbone.cli.convert import convert
from featherbone.cli.cost.command import cost
from featherbone.cli.data import data
from featherbone.cli.explore import explore
from featherbone.cli.factorize import factorize
from featherbone.cli.fit import fit
from featherbone.cli.formula import formula
from featherbone.cli.networks import networks
from featherbone.cli.output import console, with_lead
from featherbone.cli.pack import pack, unpack
from featherbone.cli.prune import prune
from featherbone.cli.quantize import quantize
from featherbone.cli.report import report
from featherbone.cli.search import search
from featherbone.cli.ship.bench import bench
from featherbone.cli.ship.evaluate import evaluate
from featherbone.cli.ship.export import export
from featherbone.cli.ship.predict import predict
from featherbone.cli.show import show
from featherbone.cli.streams import prepare_streams
from featherbone.cli.time import time
from featherbone.cli.train import train
from featherbone.cli.verify import verify
from featherbone.cli.zoo import zoo
from featherbone.errors import FeatherboneError, ToldElsewhere
from featherbone.files import shortened

app = typer.Typer(
    name="featherbone",
    help="Design, measure, search, train and ship light convolutional networks.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTERRUPTED = 130
DEFECT = 70  # what sysexits.h has for an internal error
NEW_ISSUE = "run it again with --debug, and report what it prints together with the command"
RESUMED = ("data", "fit", "pack", "prune", "quantize", "train")  # the commands that go on where they were
UNREAD = 141  # what a shell says of a program that the closing of its pipe ended

DESIGN = "Design and measure"
JOB = "Train and ship"
EXAMPLES: dict[Callable[..., None], str] = {  # one of each command, which its help ends with
    fit: "featherbone fit photos/ --macs 20M --params 200k --time 30m",
    train: "featherbone train photos/ --network mobilenet_v2:width=0.5 --epochs 30",
    pack: "featherbone pack model.safetensors photos/ --max-drop 0.5 --out model.fbone",
    unpack: "featherbone unpack model.fbone --out model.safetensors",
    prune: "featherbone prune model.safetensors photos/ --macs 20M --time 20m",
    quantize: "featherbone quantize model.safetensors photos/ --weights 4",
    export: "featherbone export model.safetensors photos/ --to onnx --precision float32,int8 --out shipped",
    convert: "featherbone convert mobilenet_v2 --weights torchvision/mobilenet_v2 --out mobilenet_v2.safetensors",
    factorize: "featherbone factorize model.safetensors photos/ --into asymmetric --macs 20M --out small.safetensors",
    data: "featherbone data photos/ --resolution 64",
    predict: "featherbone predict runs/photos/model.onnx new/ --csv answers.csv",
    bench: "featherbone bench model.safetensors photos/ --to onnx,openvino --threads 1,2 --out bench.html",
    evaluate: "featherbone evaluate runs/photos/model.onnx new_photos/ --out page.html",
    report: "featherbone report runs/photos",
    cost: "featherbone cost mobilenet_v2:width=0.5 --budget 'macs<100M params<2M'",
    compare: "featherbone compare mobilenet_v1 mobilenet_v2 shufflenet_v1",
    time: "featherbone time mobilenet_v2 --runtime onnxruntime,torch --threads 1,2",
    formula: "featherbone formula fire",
    explore: "featherbone explore mobilenet_v2 shufflenet_v1 --out page.html",
    show: "featherbone show mobilenet_v2",
    channels: "featherbone channels shufflenet_v2",
    networks: "featherbone networks",
    zoo: "featherbone zoo --macs '<300M' --params '<4M'",
    verify: "featherbone verify mobilenet_v2",
}


def _add(panel: str, *commands: Callable[..., None]) -> None:
    for command in commands:
        app.command(rich_help_panel=panel, epilog=f"Example: {EXAMPLES[command]}")(command)


_add(JOB, fit, train, prune, factorize, quantize, pack, unpack, export, convert, data, predict, evaluate, bench, report)
app.add_typer(search, rich_help_panel=JOB)
_add(DESIGN, cost, compare, time, formula, explore, show, channels, networks, zoo, verify)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"featherbone {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback where something fails.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Design, measure, search, train and ship light convolutional networks."""


def run() -> NoReturn:
    """Run the command line: a user's mistake ends in one sentence and exit code 2, an interruption in 130.

    A reader that leaves (``| head``) ends it in 141, so that 1 stays the answer of a gate. What nobody foresaw is a
    defect of featherbone, which says so, and ends in 70; a traceback is for ``--debug``.
    """
    debug = "--debug" in sys.argv
    prepare_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what a cluster sends ends as Ctrl-C does
    try:
        _run_flushed()
    except FeatherboneError as error:
        if debug:
            raise
        if not isinstance(error, ToldElsewhere):
            _complain(error.sentence, error.hint)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if debug or (error.name or "").split(".")[0] == "featherbone":
            raise
        _complain(f"this command needs the package {error.name}", "pip install 'featherbone[fit]'")
        sys.exit(2)
    except SystemExit as stop:
        if _unread(stop):
            _end_unread()
        if stop.code == INTERRUPTED:  # how Typer passes Ctrl-C on
            command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
            _complain("interrupted", "the same command continues where it stopped" if command in RESUMED else "")
        raise
    except BrokenPipeError:
        _end_unread()
    except OSError as error:
        if debug:
            raise
        _complain(
            f"{error.filename or 'a file'}: {error.strerror or error}", "check the disk, the path and its permissions"
        )
        sys.exit(2)
    except MemoryError:
        if debug:
            raise
        _complain("there is not enough memory for this", "give the process more, or name something smaller")
        sys.exit(2)
    except Exception as error:
        if debug:
            raise
        _complain(f"a defect of featherbone: {type(error).__name__}: {shortened(error)}", NEW_ISSUE)
        sys.exit(DEFECT)


def _run_flushed() -> NoReturn:
    """The command, with its output written while an error can still be answered: Python's own end only prints one."""
    try:
        sys.exit(app())
    except SystemExit:
        sys.stdout.flush()
        raise


def _unread(stop: SystemExit) -> bool:
    """Whether Rich or Typer ended the command because nobody reads its output; both do so with 1."""
    cause: BaseException | None = stop
    while cause is not None and not isinstance(cause, BrokenPipeError):
        cause = cause.__context__
    return cause is not None


def _end_unread() -> NoReturn:
    """End quietly: what is still to be written goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    sys.exit(UNREAD)


def _complain(sentence: str, hint: str) -> None:
    screen = console(stderr=True)
    screen.print(with_lead("error:", f" {sentence}", "bold red"))
    if hint:
        screen.print(with_lead("hint:", f"  {hint}", "dim"))
