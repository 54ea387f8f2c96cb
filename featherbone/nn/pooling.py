"""Max and average pooling as Python expressions, with padding that torch's own layers cannot express."""

from __future__ import annotations

from featherbone.graph.dimension import window_count
from featherbone.graph.operators import AvgPool, MaxPool
from featherbone.nn.layers import number, rank_of, sides, symmetric
from featherbone.nn.place import Place, pad


def max_pool(operator: MaxPool, place: Place) -> str:
    padded = place.x if symmetric(operator.padding) is not None else pad(place.x, operator.padding, "-torch.inf")
    return _pool("max", operator, place, padded)


def avg_pool(operator: AvgPool, place: Place) -> str:
    even = symmetric(operator.padding)
    if even is not None or operator.count_padding:
        padded = place.x if even is not None else pad(place.x, operator.padding)
        uncounted = even is not None and any(even) and not operator.count_padding
        return _pool("avg", operator, place, padded, ", count_include_pad=False" if uncounted else "")
    # Uneven padding that does not count: the mean over a padded window, divided by the share of it that is real.
    size = ", ".join(map(number, place.inputs[0][1:]))
    real = pad(f"{place.x}.new_ones(1, 1, {size})", operator.padding)
    return f"{_pool('avg', operator, place, pad(place.x, operator.padding))} / {_pool('avg', operator, place, real)}"


def _pool(reduce: str, operator: MaxPool | AvgPool, place: Place, x: str, extra: str = "") -> str:
    settings = f"{sides(operator.kernel)}, stride={sides(operator.stride)}"
    even = symmetric(operator.padding)
    settings += f", padding={sides(even)}" if even is not None and any(even) else ""
    settings += ", ceil_mode=True" if operator.ceil else ""
    rank = rank_of(place.name, operator, place.inputs[0])
    return f"F.{reduce}_pool{rank}d({x}, {settings}{extra}){_crop(operator, place) if even is None else ''}"


def _crop(operator: MaxPool | AvgPool, place: Place) -> str:
    """Drop a last window that starts in the padding after the map: torch takes explicit padding for a part of it."""
    counts = []
    for axis, size in enumerate(place.inputs[0][1:]):
        padded, step = size + sum(operator.padding[axis]), operator.stride[axis]
        count = window_count(padded, operator.kernel[axis], step, ceil=operator.ceil)
        counts.append(count - 1 if operator.ceil and (count - 1) * step >= padded else count)
    wanted = place.shape[1:]
    return f"[..., {', '.join(f':{number(side)}' for side in wanted)}]" if tuple(counts) != wanted else ""
