"""Pooling and resizing."""

from __future__ import annotations

from math import floor, inf, prod
from typing import Any

from featherbone.graph.operators import AvgPool, GlobalPool, MaxPool, Resize
from featherbone.nn.capture.call_arguments import axis, is_map, noted, sides
from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.rules.arrange import flattened
from featherbone.nn.capture.rules.padding import absorbed
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer


def max_pool(
    tracer: Tracer,
    input: Traced,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Traced:
    if not is_map(input) or return_indices:
        raise NoRule
    rank = len(input.shape) - 2
    if set(sides(dilation, rank)) != {1}:
        raise NoRule
    kernel = sides(kernel_size, rank)
    steps = kernel if stride is None or stride == [] else sides(stride, rank)
    source, pads = absorbed(input, _pairs(padding, rank), -inf)
    operator = MaxPool(kernel=kernel, stride=steps, padding=pads, ceil=bool(ceil_mode))
    return tracer.emit(operator, (source,), "max_pool")


def avg_pool(
    tracer: Tracer,
    input: Traced,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: Any = None,
) -> Traced:
    if not is_map(input) or divisor_override is not None:
        raise NoRule
    rank = len(input.shape) - 2
    kernel = sides(kernel_size, rank)
    steps = kernel if stride is None or stride == [] else sides(stride, rank)
    source, pads = input, _pairs(padding, rank)
    if not ceil_mode and (count_include_pad or not any(map(any, pads))):
        outer, both = absorbed(input, pads, 0.0)
        if all(2 * max(pair) <= side for side, pair in zip(kernel, both, strict=True)):
            source, pads = outer, both
    operator = AvgPool(
        kernel=kernel, stride=steps, padding=pads, ceil=bool(ceil_mode), count_padding=bool(count_include_pad)
    )
    return tracer.emit(operator, (source,), "avg_pool")


def _pairs(padding: Any, rank: int) -> tuple[tuple[int, int], ...]:
    return tuple((edge, edge) for edge in sides(padding, rank))


def adaptive(reduce: str) -> Rule:
    def rule(tracer: Tracer, input: Traced, output_size: Any, return_indices: bool = False) -> Traced:
        if not is_map(input) or return_indices:
            raise NoRule
        now = tuple(input.shape[2:])
        asked = (output_size,) * len(now) if isinstance(output_size, int) or output_size is None else output_size
        wanted = tuple(side if size is None else int(size) for size, side in zip(asked, now, strict=True))
        if wanted == now:  # computed all the same, over windows of one element
            kind = AvgPool if reduce == "avg" else MaxPool
            one = (1,) * len(now)
            return tracer.emit(kind(kernel=one, stride=one, padding=((0, 0),) * len(now)), (input,), f"{reduce}_pool")
        if set(wanted) == {1}:
            return tracer.emit(GlobalPool(reduce=reduce), (input,), "pool")
        if any(side % size for side, size in zip(now, wanted, strict=True)):
            return tracer.opaque(f"adaptive_{reduce}_pool", (input,), (1, input.shape[1], *wanted))
        kernel = tuple(side // size for side, size in zip(now, wanted, strict=True))
        kind = AvgPool if reduce == "avg" else MaxPool
        return tracer.emit(kind(kernel=kernel, stride=kernel, padding=((0, 0),) * len(now)), (input,), f"{reduce}_pool")

    return rule


def reduction(label: str, reduce: str) -> Rule:
    """A mean (or largest value) over all sides of a map is global pooling; any other is opaque and free."""

    def rule(tracer: Tracer, input: Traced, dim: Any = None, keepdim: bool = False, **settings: Any) -> Traced:
        rank = len(input.shape)
        if isinstance(dim, bool):
            raise NoRule
        dims = range(rank) if dim is None or dim == [] or dim == () else (dim,) if isinstance(dim, int) else dim
        axes = {axis(one, rank) for one in dims}
        if reduce and is_map(input) and axes == set(range(2, rank)):
            pooled = tracer.emit(GlobalPool(reduce=reduce), (input,), label)
            return pooled if keepdim else flattened(tracer, pooled)
        full = [1 if place in axes else size for place, size in enumerate(input.shape) if keepdim or place not in axes]
        return tracer.opaque(label, (input,), full, dtype=settings.get("dtype"))

    return rule


def interpolate(
    tracer: Tracer,
    input: Traced,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Traced:
    if not is_map(input):
        raise NoRule
    now = input.shape[2:]
    if size is not None:
        wanted, scaled = sides(size, len(now)), prod((*input.shape[:2], *sides(size, len(now))))
    else:
        factors = [scale_factor] * len(now) if isinstance(scale_factor, (int, float)) else list(scale_factor)
        wanted = tuple(floor(side * factor) for side, factor in zip(now, factors, strict=True))
        scaled = int(input.numel() * prod(factors))
    plain = mode == "nearest" or (mode in ("linear", "bilinear", "trilinear") and not align_corners and not antialias)
    if plain:
        operator = Resize(size=wanted, mode="nearest" if mode == "nearest" else "bilinear")
        return noted(tracer.emit(operator, (input,), "resize"), scaled=scaled)
    made = tracer.opaque(f"interpolate_{mode.replace('-', '_')}", (input,), (*input.shape[:2], *wanted))
    return noted(made, scaled=scaled)


def upsample(mode: str) -> Rule:
    """A rule for aten's own forms of ``interpolate``."""

    def nearest(tracer: Tracer, input: Traced, size: Any = None, scale_factors: Any = None, *rest: Any) -> Traced:
        return interpolate(tracer, input, size, None if size is not None else scale_factors, mode)

    def linear(
        tracer: Tracer, input: Traced, size: Any, align_corners: bool, scale_factors: Any = None, *rest: Any
    ) -> Traced:
        factors = None if size is not None else scale_factors
        return interpolate(tracer, input, size, factors, mode, align_corners)

    return nearest if mode == "nearest" else linear


RULES: dict[str, Rule] = {
    **{f"max_pool{rank}d": max_pool for rank in (1, 2, 3)},
    **{f"avg_pool{rank}d": avg_pool for rank in (1, 2, 3)},
    **{f"adaptive_avg_pool{rank}d": adaptive("avg") for rank in (1, 2, 3)},
    **{f"adaptive_max_pool{rank}d": adaptive("max") for rank in (1, 2, 3)},
    "mean": reduction("mean", "avg"),
    "amax": reduction("amax", "max"),
    "sum": reduction("sum", ""),
    "interpolate": interpolate,
    "upsample": interpolate,
    **{f"upsample_nearest{rank}d": upsample("nearest") for rank in (1, 2, 3)},
    "upsample_linear1d": upsample("linear"),
    "upsample_bilinear2d": upsample("bilinear"),
    "upsample_trilinear3d": upsample("trilinear"),
    "upsample_bicubic2d": upsample("bicubic"),
}
