"""Do foreign weights compute here what they compute at home? torchvision's and timm's definitions against ours.

    python benchmarks/foreign_weights.py [PART OF A NAME ...]

Needs torchvision and timm, best in an environment of their own; downloads nothing. Each peer gets random weights and
random running statistics, its state dict goes through a file and ``featherbone.load``, and both networks see the same
random image of the network's own resolution. ``folded``: the same after torch has folded the peer's batch norms.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from machine import describe
from safetensors.torch import save_file
from torch import nn

import featherbone as fb

REPGHOST_WIDTHS = ("050", "058", "080", "100", "111", "130", "150", "200")
SPECS = {  # a peer's model, and the network here
    "torchvision/alexnet": "alexnet_single_column",
    **{f"torchvision/vgg{depth}": f"vgg{depth}" for depth in (11, 13, 16, 19)},
    **{f"torchvision/vgg{depth}_bn": f"vgg{depth}:norm=true" for depth in (11, 13, 16, 19)},
    **{f"torchvision/resnet{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)},
    "torchvision/resnext50_32x4d": "resnext50_32x4d",
    "torchvision/squeezenet1_0": "squeezenet",
    "torchvision/squeezenet1_1": "squeezenet1_1",
    "torchvision/inception_v3": "inception_v3",
    "torchvision/mobilenet_v2": "mobilenet_v2",
    "torchvision/mobilenet_v3_large": "mobilenet_v3_large",
    "torchvision/mobilenet_v3_small": "mobilenet_v3_small",
    **{f"torchvision/shufflenet_v2_x{w}_{t}": f"shufflenet_v2:width={w}.{t}" for w, t in ("05", "10", "15", "20")},
    **{f"torchvision/mnasnet{w}": f"mnasnet_b1:width={w.replace('_', '.')}" for w in ("0_5", "0_75", "1_0", "1_3")},
    "torchvision/efficientnet_b0": "efficientnet_b0",
    **{f"torchvision/regnet_{k}_{size}mf": f"regnet{k}_{size}mf" for k in "xy" for size in (400, 800)},
    **{f"timm/resnet{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)},
    **{f"timm/resnext{depth}_32x4d": f"resnext{depth}_32x4d" for depth in (50, 101)},
    **{f"timm/vgg{depth}": f"vgg{depth}" for depth in (11, 13, 16, 19)},
    **{f"timm/vgg{depth}_bn": f"vgg{depth}:norm=true" for depth in (11, 13, 16, 19)},
    "timm/inception_v3": "inception_v3",
    "timm/mobilenetv1_100": "mobilenet_v1",
    **{f"timm/mobilenetv2_{w}": f"mobilenet_v2:width={int(w) / 100}" for w in ("050", "100", "140")},
    "timm/mobilenetv3_large_100": "mobilenet_v3_large",
    **{f"timm/mobilenetv3_small_{w}": f"mobilenet_v3_small:width={int(w) / 100}" for w in ("050", "075", "100")},
    "timm/tf_mobilenetv3_large_100": "mobilenet_v3_large",
    "timm/tf_mobilenetv3_large_075": "mobilenet_v3_large:width=0.75",
    "timm/tf_mobilenetv3_small_100": "mobilenet_v3_small",
    "timm/tf_mobilenetv3_small_075": "mobilenet_v3_small:width=0.75",
    "timm/efficientnet_b0": "efficientnet_b0",
    "timm/tf_efficientnet_b0": "efficientnet_b0",
    "timm/efficientnet_lite0": "efficientnet_lite0",
    **{f"timm/tf_efficientnet_lite{n}": f"efficientnet_lite{n}" for n in range(5)},
    **{f"timm/tinynet_{model}": f"tinynet_{model}" for model in "abcde"},
    **{f"timm/lcnet_{w}": f"lcnet:width={int(w) / 100}" for w in ("050", "075", "100")},
    **{f"timm/repghostnet_{w}": f"repghostnet:width={int(w) / 100}" for w in REPGHOST_WIDTHS},
    **{f"timm/mobileone_s{n}": f"mobileone_s{n}" for n in range(5)},
    "timm/mnasnet_100": "mnasnet_b1",
    "timm/semnasnet_100": "mnasnet_a1",
    "timm/ghostnet_100": "ghostnet",
    **{f"timm/regnet{kind}_00{n}": f"regnet{kind}_{n}00mf" for kind in "xy" for n in (2, 4, 6, 8)},
    **{f"timm/legacy_seresnet{depth}": f"se_resnet{depth}" for depth in (50, 101, 152)},
    **{f"timm/legacy_seresnext{depth}_32x4d": f"se_resnext{depth}_32x4d" for depth in (50, 101)},
    "timm/legacy_senet154": "senet154",
    "timm/legacy_xception": "xception",
}
SPECS = {name: spec.removesuffix(":width=1.0") for name, spec in SPECS.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="only the models whose names contain one of these")
    wanted = parser.parse_args().parts
    torch.set_num_threads(1)
    print(describe("torch", "torchvision", "timm"))
    print(f"{'peer':33}{'network':32}{'largest output':>15}{'difference':>12}{'folded':>10}", flush=True)
    failed = 0
    for name, spec in SPECS.items():
        if wanted and not any(part in name for part in wanted):
            continue
        try:
            size, difference, folded = compare(name, spec)
        except fb.FeatherboneError as error:
            reason = error.sentence.splitlines()[0].partition("weights.safetensors: ")[2].rstrip(":")
            print(f"{name:33}{spec:32}  no counterpart: {reason}", flush=True)
            continue
        failed += not difference <= 1e-5 * size
        print(f"{name:33}{spec:32}{size:15.3g}{difference:12.1e}{folded:>10}", flush=True)
    print(f"\n{failed} differ by more than 1e-5 of the largest output")
    sys.exit(bool(failed))


def compare(name: str, spec: str) -> tuple[float, float, str]:
    """The peer's largest output, the largest difference of ours, and that of the folded form, as text."""
    torch.manual_seed(0)
    model = randomised(peer(name)).eval()
    tensorflow = name.startswith("timm/tf_")
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        file = Path(folder) / "weights.safetensors"
        save_file({key: t.clone() for key, t in model.state_dict().items()}, file)
        loaded = fb.load(spec, file, tensorflow=tensorflow)
        x = torch.randn(1, *loaded.graph.input_shape)
        theirs = model(x)
        difference = float((theirs - loaded.module().eval()(x)).abs().max())
        folded = "-"
        if fold(model):
            save_file({key: t.clone() for key, t in model.state_dict().items()}, file)
            ours = fb.load(spec, file, tensorflow=tensorflow).module().eval()(x)
            folded = f"{float((model(x) - ours).abs().max()):.1e}"
    return float(theirs.abs().max()), difference, folded


def peer(name: str) -> nn.Module:
    """The library's own definition, without weights from the network."""
    library, _, model = name.partition("/")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _declare_operators()
        if library == "timm":
            import timm

            return timm.create_model(model)
        import torchvision

        return torchvision.models.get_model(model, weights=None)


def randomised(model: nn.Module) -> nn.Module:
    """Weights that keep activations in range, and norms whose every number matters."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return model


def fold(model: nn.Module) -> bool:
    """Fold each batch norm of torchvision's plain classes into the convolution before it; False if none could be."""
    folded = 0
    for parent in list(model.modules()):
        before: nn.Module | None = None
        for key, child in list(parent.named_children()):
            if type(child) is nn.BatchNorm2d and isinstance(before, nn.Conv2d):
                both = nn.utils.fusion.fuse_conv_bn_eval(before, child)
                before.weight, before.bias = both.weight, both.bias
                setattr(parent, key, nn.Identity())
                folded += 1
            before = child
    return folded > 0 and not any(key.endswith("running_mean") for key in model.state_dict())


def _declare_operators() -> None:
    """torchvision's import wants operators that it cannot declare beside a CPU build of torch."""
    with contextlib.suppress(RuntimeError):
        global _library
        _library = torch.library.Library("torchvision", "DEF")
        _library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


if __name__ == "__main__":
    main()
