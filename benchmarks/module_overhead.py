"""Does a generated module cost more than the same network written by hand? MobileNetV2, 224×224, batch 1, one thread.

    python benchmarks/module_overhead.py

The network by hand is nested nn.Sequential, as people write it. Both get the same weights and must give equal outputs.
They are timed in pairs in one process, in turns first; the result is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from machine import describe
from torch import Tensor, nn

from featherbone.networks import network
from featherbone.nn import module

TARGET = 1.03
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=300)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch"))
    generated, by_hand = same_network_twice()
    for name, memory_format in {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}.items():
        x = torch.randn(1, 3, 224, 224).to(memory_format=memory_format)
        pair = generated.to(memory_format=memory_format), by_hand.to(memory_format=memory_format)
        ours, theirs = time_pairs(*pair, x, arguments.pairs)
        ratio = statistics.median(ours) / statistics.median(theirs)
        low, _, high = statistics.quantiles((a / b for a, b in zip(ours, theirs, strict=True)), n=4)
        print(f"{name:14} generated {1e3 * statistics.median(ours):.2f} ms", end="")
        print(f"  by hand {1e3 * statistics.median(theirs):.2f} ms  ratio {ratio:.3f}", end="")
        print(f"  (middle half of {arguments.pairs} pairs {low:.3f}–{high:.3f})", end="")
        print(f"  {'holds' if ratio <= TARGET else 'MISSED'}: at most {TARGET}")


def same_network_twice() -> tuple[nn.Module, nn.Module]:
    """The generated module and the one by hand, with the same weights and equal outputs."""
    generated, by_hand = module(network("mobilenet_v2"), seed=0).eval(), MobileNetV2().eval()
    state = zip(by_hand.state_dict(), generated.state_dict().values(), strict=True)
    by_hand.load_state_dict(dict(state))
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(generated(x), by_hand(x)), "the two networks differ"
    return generated, by_hand


def time_pairs(first: nn.Module, second: nn.Module, x: Tensor, pairs: int) -> tuple[list[float], list[float]]:
    """Seconds of each run of either; which of a pair goes first alternates."""
    times: tuple[list[float], list[float]] = ([], [])
    with torch.no_grad():
        for number in range(-20, pairs):  # the first runs warm caches and are not kept
            for which in (0, 1) if number % 2 else (1, 0):
                start = time.perf_counter()
                (first, second)[which](x)
                seconds = time.perf_counter() - start
                if number >= 0:
                    times[which].append(seconds)
    return times


def unit(channels: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, norm, activation."""
    convolution = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    def __init__(self, channels: int, out: int, expand: int, stride: int) -> None:
        super().__init__()
        self.shortcut = stride == 1 and channels == out
        wide = expand * channels
        layers: list[nn.Module] = [unit(channels, wide)] if expand != 1 else []
        layers += [unit(wide, wide, 3, stride, groups=wide), nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.shortcut else self.layers(x)


class MobileNetV2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [unit(3, 32, 3, 2)]
        channels = 32
        for expand, out, blocks, stride in STAGES:
            for number in range(blocks):
                layers.append(InvertedResidual(channels, out, expand, stride if number == 0 else 1))
                channels = out
        self.features = nn.Sequential(*layers, unit(channels, 1280))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000))

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.adaptive_avg_pool2d(self.features(x), 1)
        return self.classifier(torch.flatten(x, 1))


if __name__ == "__main__":
    main()
