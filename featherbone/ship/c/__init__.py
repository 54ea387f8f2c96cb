"""Networks in C99: one file, one header, no library, bit-equal to the reference in integers."""

from featherbone.ship.c.firmware import FirmwareCheck as FirmwareCheck
from featherbone.ship.c.firmware import check_firmware as check_firmware
from featherbone.ship.c.model import to_c as to_c
from featherbone.ship.c.network import CompiledNetwork as CompiledNetwork
from featherbone.ship.c.network import compile as compile
from featherbone.ship.c.processor import PROCESSORS as PROCESSORS
from featherbone.ship.c.sources import CSources as CSources
from featherbone.ship.c.sources import float_sources as float_sources
from featherbone.ship.c.sources import integer_sources as integer_sources

__all__ = [
    "PROCESSORS",
    "CSources",
    "CompiledNetwork",
    "FirmwareCheck",
    "check_firmware",
    "compile",
    "float_sources",
    "integer_sources",
    "to_c",
]
