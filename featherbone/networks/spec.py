"""Networks from one line of text: ``mobilenet_v2:width=0.5,resolution=160``."""

from __future__ import annotations

from typing import Any

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Graph
from featherbone.networks.registry import NETWORKS, NamedNetwork
from featherbone.networks.shared.settings import read_settings, require_known, typed_setting


def network(spec: str, **settings: Any) -> Graph:
    """A network by name, with settings in the text or as keywords.

    >>> network("mobilenet_v2:width=0.5,resolution=160").input_shape
    (3, 160, 160)
    >>> network("mobilenet_v2", small=True, classes=10).input_shape
    (3, 32, 32)

    ``width``, ``resolution``, ``classes`` and ``image_channels`` may be symbols; the counts are then closed forms.
    ``NETWORKS[name].settings`` lists what a network can be given.

    Raises:
        FeatherboneError: an unknown name or setting (with the closest one), or a value that is not allowed.
    """
    if not isinstance(spec, str):
        raise FeatherboneError(f"a network is named by text; got {type(spec).__name__}", hint="such as 'mobilenet_v2'")
    name, colon, rest = spec.partition(":")
    entry = _entry(name.strip())
    known = entry.settings
    for key, text in (read_settings(rest) if colon else {}).items():
        require_known(entry.name, key, known)
        if key in settings:
            raise FeatherboneError(f"{key} is given twice, in {spec!r} and as a keyword", hint="give it once")
        settings[key] = typed_setting(key, text, known[key])
    return entry(**settings)


def list_networks() -> tuple[str, ...]:
    """The names that ``network`` knows.

    >>> "mobilenet_v2" in list_networks()
    True
    """
    return tuple(NETWORKS)


def _entry(name: str) -> NamedNetwork:
    if name not in NETWORKS:
        raise FeatherboneError(f"unknown network {name[:80]!r}", hint=did_you_mean(name[:80].lower(), NETWORKS))
    return NETWORKS[name]
