"""The processors for which C is written: how their values are stored, and the kernels that are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Processor:
    """How C is laid out for a kind of processor.

    Fields:
        name: as it is asked for.
        offset: of stored integers: 128 where they have no sign.
        align: bytes to whose multiples maps are aligned.
        patch_bytes: of a value where what a kernel meets is gathered.
        own: files of ``kernels/`` that take the place of others.
        vectors: whether convolutions are laid out for vectors of 16 kernels.
        slack: bytes that kernels may read behind the last map.
        once: whether kernels are compiled once and not for each layer anew, so that code stays small.
    """

    name: str
    offset: int
    align: int
    patch_bytes: int = 1
    own: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    vectors: bool = False
    slack: int = 0

    @property
    def aligned(self) -> str:
        """What makes the arena begin where it should."""
        return f"__attribute__((aligned({self.align})))"

    @property
    def prelude(self) -> str:
        """The type of a stored value, and how kernels are compiled."""
        kind, least = ("uint8_t", "0") if self.offset else ("int8_t", "(-128)")
        return f"typedef {kind} value_t; {_STORED[bool(self.offset)]}\n#define LEAST {least}\n{self.float_prelude}"

    @property
    def float_prelude(self) -> str:
        inline = "static inline __attribute__((always_inline))"
        once = "static __attribute__((noinline, unused))"
        return f"#define INLINE {inline}\n#define KERNEL {once if self.once else inline}\n"

    def file(self, kind: str, precision: str) -> str:
        """The file of a kernel for numbers of this precision."""
        if precision == "int8" and kind in self.own:
            return self.own[kind]
        if kind == "dots":
            return "dots_plain"
        return f"{kind}_{precision}" if kind in _BY_PRECISION else kind


_STORED = {True: "/* integers of maps, plus 128 */", False: "/* integers of maps */"}
_BY_PRECISION = (
    *("add", "multiply", "lookup", "activation", "mean", "blend", "response_norm", "lanes", "tiles", "channelwise"),
)
DESKTOP = Processor(name="desktop", offset=128, align=64, vectors=True, slack=64)
PLAIN = Processor(name="plain", offset=0, align=4, once=True)
CORTEX_M0 = Processor(name="cortex-m0", offset=0, align=8, once=True)
CORTEX_M3 = Processor(name="cortex-m3", offset=0, align=8, once=True)
CORTEX_M4 = Processor(name="cortex-m4", offset=0, align=8, patch_bytes=2, own={"dots": "dots_dsp"}, once=True)
CORTEX_M7 = Processor(name="cortex-m7", offset=0, align=8, patch_bytes=2, own={"dots": "dots_dsp"}, once=True)
CORTEX_M55 = Processor(name="cortex-m55", offset=0, align=8, own={"dots": "dots_mve"}, once=True)
PROCESSORS = {each.name: each for each in (DESKTOP, PLAIN, CORTEX_M0, CORTEX_M3, CORTEX_M4, CORTEX_M7, CORTEX_M55)}
