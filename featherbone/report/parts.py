"""What every page is made of: templates beside this file, the style sheet, the figures' script, Plotly inside."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from featherbone.quantity import format_bytes, format_count, format_duration
from featherbone.wording import percent


def page(template: str, content: dict[str, Any]) -> str:
    """A page as HTML text, in one piece that opens without a network."""
    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=format_count, bytes=format_bytes, percent=percent, duration=format_duration)
    script, plotly = _file("figures.js"), get_plotlyjs()
    return environment.get_template(template).render(
        content,
        policy=policy(plotly, script),
        style=Markup(_file("style.css")),
        script=Markup(script),
        plotly=Markup(plotly),
    )


def policy(*scripts: str) -> str:
    """The Content-Security-Policy of a page: it asks nothing of any network, and runs these scripts and no other.

    >>> policy("draw();").split("; ")[1]
    "script-src 'sha256-Nrzt+Ak9TKllQ0f6KxPbgRgME4RTzfjVUaOmcylYOV8='"

    Styles may stand anywhere, as Plotly writes them while it draws.
    """
    hashes = [f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts]
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(hashes)}",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def script_json(figure: object) -> Markup:
    """JSON that can stand inside a script element, whatever text it holds."""
    return Markup(json.dumps(figure).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _file(name: str) -> str:
    return resources.files("featherbone.report").joinpath(name).read_text(encoding="utf-8")
