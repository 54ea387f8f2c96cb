"""The jobs: from images to a trained, exported, checked and timed network, in a folder that can be resumed from.

A job answers a request, a frozen value of what a person asked. Requests load neither torch nor numpy, as the command
line reads its options off them; what answers them is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.job.convert.request import ConvertRequest as ConvertRequest
from featherbone.job.exporting.request import ExportRequest as ExportRequest
from featherbone.job.factorizing.request import FactorizeRequest as FactorizeRequest
from featherbone.job.packing.request import PackRequest as PackRequest
from featherbone.job.pruning.request import PruneRequest as PruneRequest
from featherbone.job.quantizing.request import QuantizeRequest as QuantizeRequest
from featherbone.job.search.request import FitRequest as FitRequest
from featherbone.job.training.request import TrainRequest as TrainRequest
from featherbone.lazy import loader

if TYPE_CHECKING:
    from featherbone.job.convert.convert import run_convert as run_convert
    from featherbone.job.exporting.export import export_model as export_model
    from featherbone.job.exporting.export import run_export as run_export
    from featherbone.job.factorizing.factorize import carry_out as carry_out
    from featherbone.job.factorizing.plan import plan_factorizing as plan_factorizing
    from featherbone.job.packing.pack import run_pack as run_pack
    from featherbone.job.pruning.prune import prune as prune
    from featherbone.job.pruning.prune import run_prune as run_prune
    from featherbone.job.quantizing.quantize import quantize_model as quantize_model
    from featherbone.job.quantizing.quantize import run_quantize as run_quantize
    from featherbone.job.search.fit import fit as fit
    from featherbone.job.search.fit import run_fit as run_fit
    from featherbone.job.training.train import run_train as run_train
    from featherbone.job.training.train import train_network as train_network

__all__ = [
    "ConvertRequest",
    "ExportRequest",
    "FactorizeRequest",
    "FitRequest",
    "PackRequest",
    "PruneRequest",
    "QuantizeRequest",
    "TrainRequest",
    "carry_out",
    "export_model",
    "fit",
    "plan_factorizing",
    "prune",
    "quantize_model",
    "run_convert",
    "run_export",
    "run_fit",
    "run_pack",
    "run_prune",
    "run_quantize",
    "run_train",
    "train_network",
]

_HOME = {
    "carry_out": "factorizing.factorize",
    "export_model": "exporting.export",
    "fit": "search.fit",
    "plan_factorizing": "factorizing.plan",
    "prune": "pruning.prune",
    "quantize_model": "quantizing.quantize",
    "run_convert": "convert.convert",
    "run_export": "exporting.export",
    "run_fit": "search.fit",
    "run_pack": "packing.pack",
    "run_prune": "pruning.prune",
    "run_quantize": "quantizing.quantize",
    "run_train": "training.train",
    "train_network": "training.train",
}
__getattr__ = loader(__name__, _HOME)
