"""Code that a model compiles, run as it was written: a compiler sees no calls, and fails on tensors without values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

FLEX, COMPILER = "torch.nn.attention.flex_attention", "torch._dynamo.eval_frame"


@contextmanager
def uncompiled() -> Iterator[None]:
    """While active, ``torch.compile`` returns its argument's results, and FlexAttention does not compile itself.

    Where the modules for that are not loaded, the model has no use for them.
    """
    with ExitStack() as stack:
        if COMPILER in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        flex = sys.modules.get(FLEX)
        switch = "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG"  # torch's own, since 2.9
        if flex is not None and hasattr(flex, switch):
            stack.callback(setattr, flex, switch, getattr(flex, switch))
            setattr(flex, switch, True)
        yield
