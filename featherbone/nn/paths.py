"""Names of a graph as Python: where a node stands in the module, and what the class is called."""

from __future__ import annotations

import keyword
import re

from torch import nn

from featherbone.errors import FeatherboneError

# Attributes that a submodule must not hide; ``graph`` is ours.
TAKEN = frozenset(dir(nn.Module())) | {"graph"}


def attribute(name: str) -> str:
    """The expression that reaches a node or scope from inside the module.

    >>> attribute("stage1.block2.expand")
    'self.stage1.block2.expand'
    >>> attribute("layer1.0.train")
    'self.layer1._modules["0"]._modules["train"]'

    The second form stands where a part is no identifier or would hide something of ``nn.Module``; the names in the
    state dict are the graph's in either case.

    Raises:
        FeatherboneError: a part is ``training``: torch assigns its mode to that attribute of every module.
    """
    parts = name.split(".")
    if "training" in parts:
        raise FeatherboneError(
            f"{name}: PyTorch keeps that name for its mode", hint="no part may be 'training'; rename it"
        )
    return "self" + "".join(map(_step, parts))


def _step(part: str) -> str:
    plain = part.isidentifier() and not keyword.iskeyword(part) and not part.startswith("__") and part not in TAKEN
    return f".{part}" if plain else f'._modules["{part}"]'


def class_name(name: str) -> str:
    """A graph's name as a class name.

    >>> class_name("mobilenet_v2:width=0.5")
    'MobilenetV2Width05'
    """
    words = re.findall(r"[A-Za-z0-9]+", name)
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return joined if len(joined) > 1 and joined.isidentifier() and not keyword.iskeyword(joined) else "Network" + joined


def printable(name: str) -> str:
    """A graph's name as it may stand in a docstring: what could end one, or a line, becomes a question mark."""
    return re.sub(r"[^\w :=.,+×-]", "?", name)
