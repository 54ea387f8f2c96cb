"""HTML of values for notebooks: tables and drawings that are legible on light and on dark pages, and ask nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

PAPER = (
    "background:#fff;color:#1d2430;padding:10px 14px;border:1px solid #d5dae2;border-radius:8px;"
    "max-width:800px;overflow-x:auto;font:13px system-ui,sans-serif"
)


def framed(*parts: str) -> str:
    """Parts of HTML on paper of their own colours, as a notebook's page may be dark.

    >>> framed("<p>one</p>").endswith("<p>one</p></div>")
    True
    """
    return f'<div style="{PAPER}">{"".join(parts)}</div>'


def told(text: str) -> str:
    """A sentence as a paragraph, escaped."""
    return f'<p style="margin:4px 0 8px">{escape(text)}</p>'


def folded(title: str, content: str) -> str:
    """HTML that a click opens."""
    return f'<details><summary style="cursor:pointer">{escape(title)}</summary>{content}</details>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A table whose first ``left`` columns are words and the rest numbers; every cell is escaped.

    >>> "&lt;b&gt;" in table(("name",), [("<b>",)])
    True
    """
    head = "".join(_cell("th", text, place < left) for place, text in enumerate(columns))
    body = "".join(
        f"<tr>{''.join(_cell('td', text, place < left) for place, text in enumerate(row))}</tr>" for row in rows
    )
    return (
        '<table style="border-collapse:collapse;color:inherit;background:none">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(tag: str, text: str, words: bool) -> str:
    return (
        f'<{tag} style="text-align:{"left" if words else "right"};padding:2px 10px 2px 0;'
        f'background:none;color:inherit">{escape(text)}</{tag}>'
    )
