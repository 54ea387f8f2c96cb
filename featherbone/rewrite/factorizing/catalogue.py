"""The forms that a trained layer can be factorized into, by name."""

from __future__ import annotations

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.rewrite.factorizing.asymmetric import ASYMMETRIC
from featherbone.rewrite.factorizing.bottleneck import BOTTLENECK
from featherbone.rewrite.factorizing.depthwise_sum import DEPTHWISE_SUM
from featherbone.rewrite.factorizing.form import Form
from featherbone.rewrite.factorizing.grouped import GROUPED
from featherbone.rewrite.factorizing.pointwise import POINTWISE_AFTER, POINTWISE_BEFORE

FORMS: dict[str, Form] = {
    form.name: form for form in (ASYMMETRIC, BOTTLENECK, POINTWISE_BEFORE, POINTWISE_AFTER, GROUPED, DEPTHWISE_SUM)
}


def form_named(name: str) -> Form:
    """The form of this name.

    >>> form_named("asymmetric").says
    'K×1 to R channels, then 1×K'

    Raises:
        FeatherboneError: there is none.
    """
    if name not in FORMS:
        raise FeatherboneError(f"there is no form {name!r}", hint=did_you_mean(name, FORMS))
    return FORMS[name]
