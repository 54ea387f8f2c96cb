"""The data sets that have a name: where they are, what their publishers say of them, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from featherbone.data.digits import ARCHIVE
from featherbone.data.named.cifar import cifar10, cifar100
from featherbone.data.named.fashion import fashion_mnist
from featherbone.data.named.imagenette import imagenette
from featherbone.data.sources import Source

Reader = Callable[[list[Path], Path], AbstractContextManager[Source]]  # (its files, folder for scratch)


@dataclass(frozen=True, kw_only=True)
class Named:
    """`files` are addresses with the hash that the publisher states, and `read` makes a source of them; or it is an
    `archive` that is part of featherbone."""

    name: str
    about: str
    licence: str
    page: str
    size: str  # of the download
    files: tuple[tuple[str, str], ...] = ()
    read: Reader | None = None
    archive: Path | None = None

    def identity(self) -> str:
        """What decides the content."""
        return " ".join([self.name, *(hashed for _, hashed in self.files)])


_TORONTO = "https://www.cs.toronto.edu/~kriz"
_ZALANDO = "https://github.com/zalandoresearch/fashion-mnist/raw/b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion"
_FAST_AI = "https://s3.amazonaws.com/fast-ai-imageclas"
_CIFAR = "none stated; for research, cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009"
_IMAGENETTE = "Apache 2.0 for the selection; the images are ImageNet's, for non-commercial research"
_IMAGENETTE_PAGE = "https://github.com/fastai/imagenette"

# The MD5s of CIFAR stand on its page; Imagenette's are torchvision's (torchvision/datasets/imagenette.py).
# Fashion-MNIST comes from its publishers' repository, as their own address has no https; its SHA-256s are those of the
# files that have the MD5s of its README.
_ALL = (
    Named(
        name="digits",
        about="1,797 scanned digits, 8×8 grey, 10 classes; part of featherbone",
        licence="CC BY 4.0, Alpaydin and Kaynak, UCI Machine Learning Repository",
        page="https://doi.org/10.24432/C50P49",
        size="",
        archive=ARCHIVE,
    ),
    Named(
        name="cifar10",
        about="CIFAR-10: 60,000 photos, 32×32 colour, 10 classes",
        licence=_CIFAR,
        page=f"{_TORONTO}/cifar.html",
        size="162 MB",
        files=((f"{_TORONTO}/cifar-10-binary.tar.gz", "md5:c32a1d4ab5d03f1284b67883e8d87530"),),
        read=cifar10,
    ),
    Named(
        name="cifar100",
        about="CIFAR-100: 60,000 photos, 32×32 colour, 100 classes",
        licence=_CIFAR,
        page=f"{_TORONTO}/cifar.html",
        size="161 MB",
        files=((f"{_TORONTO}/cifar-100-binary.tar.gz", "md5:03b5dce01913d631647c71ecec9e9cb8"),),
        read=cifar100,
    ),
    Named(
        name="fashion-mnist",
        about="Fashion-MNIST: 70,000 articles of clothing, 28×28 grey, 10 classes",
        licence="MIT, Zalando SE",
        page="https://github.com/zalandoresearch/fashion-mnist",
        size="30 MB",
        files=(
            (
                f"{_ZALANDO}/train-images-idx3-ubyte.gz",
                "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            (
                f"{_ZALANDO}/train-labels-idx1-ubyte.gz",
                "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            (
                f"{_ZALANDO}/t10k-images-idx3-ubyte.gz",
                "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            (
                f"{_ZALANDO}/t10k-labels-idx1-ubyte.gz",
                "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
        read=fashion_mnist,
    ),
    Named(
        name="imagenette",
        about="Imagenette: 13,394 photos of ImageNet, full size, 10 classes",
        licence=_IMAGENETTE,
        page=_IMAGENETTE_PAGE,
        size="1.5 GB",
        files=((f"{_FAST_AI}/imagenette2.tgz", "md5:fe2fc210e6bb7c5664d602c3cd71e612"),),
        read=imagenette,
    ),
    Named(
        name="imagenette-320",
        about="the same with shorter sides of 320 pixels",
        licence=_IMAGENETTE,
        page=_IMAGENETTE_PAGE,
        size="326 MB",
        files=((f"{_FAST_AI}/imagenette2-320.tgz", "md5:3df6f0d01a2c9592104656642f5e78a3"),),
        read=imagenette,
    ),
    Named(
        name="imagenette-160",
        about="the same with shorter sides of 160 pixels",
        licence=_IMAGENETTE,
        page=_IMAGENETTE_PAGE,
        size="94 MB",
        files=((f"{_FAST_AI}/imagenette2-160.tgz", "md5:e793b78cc4c9e9a4ccc0c1155377a412"),),
        read=imagenette,
    ),
)
NAMED = {entry.name: entry for entry in _ALL}
