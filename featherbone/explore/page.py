"""The page: what was asked for as tables, the printed forms, and the scripts beside this file, in one piece."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from featherbone import __version__
from featherbone.cost import zoo
from featherbone.explore.block_table import block_code
from featherbone.explore.network_table import network_table
from featherbone.explore.targets import ORIGINAL, ExploredNetwork, explored
from featherbone.explore.templates import Templates
from featherbone.report.parts import policy

SCRIPTS = (
    *("dom", "state", "controls", "liveness", "block_cost", "block_picture", "view_blocks"),
    *("network_cost", "treemap", "axes", "timeline", "view_network", "main"),
)


def render(targets: Sequence[str] = (), *, inputs: Any = None) -> str:
    """The page as HTML text, for networks, models and designs; without one, for those that the field began with."""
    networks = explored(targets or ORIGINAL, inputs)
    script = "\n".join(["(() => {", '"use strict";', generated(networks), *map(_script, SCRIPTS), "})();"])
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("explore.html").render(
        title="explorer",
        policy=policy(script),
        style=Markup(_file("featherbone.report", "style.css")),
        more_style=Markup(_file("featherbone.explore", "explore.css")),
        script=Markup(script),
        version=__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def generated(networks: Sequence[ExploredNetwork]) -> str:
    """What is printed for this page: closed forms as functions, tables as JSON."""
    templates = Templates.none()
    tables = {each.name: _table(each, templates) for each in networks}
    data = {"first": networks[0].name, "zoo": zoo_rows()}
    return "\n".join(
        [
            f"const BLOCKS = {block_code()};",
            f"const TEMPLATES = {templates.code()};",
            f"const NETWORKS = {as_json(tables)};",
            f"const DATA = {as_json(data)};",
        ]
    )


def zoo_rows() -> list[dict[str, Any]]:
    """Published networks with exact costs and their best published accuracy."""
    return [
        {
            "network": each.network,
            "params": each.params,
            "macs": each.macs,
            "activations": each.activations,
            "peak_memory": each.peak_memory,
            "top1": each.top1,
            "source": each.source,
        }
        for each in zoo()
    ]


def as_json(value: Any) -> str:
    """JSON that can stand in a script, whatever text it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _table(each: ExploredNetwork, templates: Templates) -> dict[str, Any]:
    return {
        "family": each.family,
        "summary": each.summary.replace("``", ""),
        "group": each.group,
        "depth": each.depth,
        "fixed": each.fixed,
        "own": each.own,
        **network_table(each.sliders, templates),
    }


def _script(name: str) -> str:
    return _file("featherbone.explore", f"web/{name}.js")


def _template(name: str) -> str | None:
    return _file("featherbone.explore" if name == "explore.html" else "featherbone.report", name)


def _file(room: str, name: str) -> str:
    return resources.files(room).joinpath(name).read_text(encoding="utf-8")
