"""Plain HTML blocks and the style they share, light and dark; every text is escaped here."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

STYLE = """
:root{color-scheme:light dark;--page:#fff;--text:#1f2328;--soft:#59636e;--line:#d1d9e0;--band:#f6f8fa;--accent:#0b63b8;--mark:#dbeafe}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;--soft:#9aa6b2;--line:#30363d;--band:#161b22;--accent:#6cb6ff;--mark:#12304f}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--text);background:var(--page);max-width:76rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}h2{font-size:1.3rem;margin:2.6rem 0 .4rem;padding-top:1.2rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:1.6rem 0 .5rem}p{margin:.4rem 0 .8rem;max-width:52rem}.soft,figcaption{color:var(--soft);font-size:.9rem}
ul.said{max-width:52rem;padding-left:1.2rem}ul.said li{margin:.35rem 0}
nav{margin:1rem 0;font-size:.95rem;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem}nav a{color:var(--accent);white-space:nowrap}
.wide{overflow-x:auto;margin:.6rem 0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem;min-width:min(100%,44rem)}
caption{text-align:left;color:var(--soft);font-size:.9rem;padding:0 0 .4rem}
th,td{padding:.42rem .7rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top;white-space:nowrap}
thead th{border-bottom:2px solid var(--line);font-weight:600;vertical-align:bottom}
th:first-child,td:first-child{text-align:left}tbody th{font-weight:600}
tbody tr:hover{background:var(--band)}td.best{background:var(--mark);font-weight:600}
td .range{display:block;color:var(--soft);font-weight:400;font-size:.82rem}
dl{display:grid;grid-template-columns:fit-content(18rem) 1fr;gap:.3rem 1.2rem;max-width:64rem}dt{color:var(--soft)}dd{margin:0}
.row{display:grid;grid-template-columns:repeat(var(--columns),minmax(8rem,1fr));gap:.9rem;margin:.6rem 0 1rem;align-items:start;overflow-x:auto;max-width:calc(var(--columns)*17rem)}
figure{margin:0}figure img{width:100%;height:auto;display:block;image-rendering:pixelated;border:1px solid var(--line);border-radius:.3rem;background:#fff}
figcaption{margin-top:.3rem;line-height:1.35}svg{display:block;width:100%;height:auto}figure.chart{max-width:46rem}
svg text{font-family:system-ui,-apple-system,"Segoe UI",sans-serif;fill:currentColor}
.note{border-left:4px solid var(--accent);background:var(--band);padding:.6rem 1rem;margin:.8rem 0;max-width:52rem}
@media print{body{max-width:none;padding:0}nav{display:none}h2{break-after:avoid}figure,tr{break-inside:avoid}}
"""


@dataclass(frozen=True)
class Cell:
    """One cell of a table: a figure, its interval below it, and whether it is the best of its column."""

    text: str
    below: str = ""
    best: bool = False


def escape(text: str) -> str:
    """Return text for HTML, attributes included."""
    return html.escape(text, quote=True)


def page(title: str, subtitle: str, sections: Sequence[tuple[str, str, str]], style: str = "") -> str:
    """Return a whole document; sections are (anchor, title, HTML body), listed in a table of contents.

    `style` is CSS of the caller's own, after the style that all pages share.
    """
    links = "".join(f'<a href="#{anchor}">{escape(name)}</a>' for anchor, name, _ in sections)
    bodies = "".join(
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{escape(name)}</h2>{body}</section>'
        for anchor, name, body in sections
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE}{style}</style></head><body><header><h1>{escape(title)}</h1>"
        f'<p class="soft">{escape(subtitle)}</p></header><nav aria-label="Sections">{links}</nav>'
        f"<main>{bodies}</main></body></html>\n"
    )


def paragraph(text: str, *, soft: bool = False) -> str:
    """Return a paragraph of plain text."""
    return f'<p class="soft">{escape(text)}</p>' if soft else f"<p>{escape(text)}</p>"


def note(text: str) -> str:
    """Return a set-off remark."""
    return f'<p class="note">{escape(text)}</p>'


def bullets(lines: Sequence[tuple[str, str]]) -> str:
    """Return a list of (what it is about, sentences)."""
    return '<ul class="said">' + "".join(f"<li><b>{escape(a)}</b> {escape(b)}</li>" for a, b in lines) + "</ul>"


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Return names and values side by side."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows) + "</dl>"


def table(caption: str, header: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]]) -> str:
    """Return a table; the first cell of a row names it. It scrolls inside itself on narrow screens."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(_cell(cell) for cell in cells) + "</tr>"
        for name, cells in rows
    )
    return (
        f'<div class="wide" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(cell: Cell) -> str:
    below = f'<span class="range">{escape(cell.below)}</span>' if cell.below else ""
    return f"<td{' class=best' if cell.best else ''}>{escape(cell.text)}{below}</td>"


def row(figures: Sequence[str]) -> str:
    """Return figures side by side; rows of as many figures stand under each other column by column."""
    return f'<div class="row" style="--columns:{len(figures)}">' + "".join(figures) + "</div>"


def figure(content: str, caption: str, *, chart: bool = False) -> str:
    """Return a picture or drawing with its caption; the content carries its own alternative text."""
    kind = " class=chart" if chart else ""
    return f"<figure{kind}>{content}<figcaption>{escape(caption)}</figcaption></figure>"
