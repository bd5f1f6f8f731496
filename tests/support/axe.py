"""axe-core in a page: what a screen reader or a person with low vision would stumble over."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_SOURCE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async (only) => {
  const found = await axe.run(document, {resultTypes: ["violations"], ...(only && {runOnly: {type: "rule", values: only}})});
  return found.violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.target.join(" ")}: ${n.failureSummary}`).join(" | ")}`);
}"""

COLOURS = ("color-contrast", "link-in-text-block")
"""The rules in which the theme has a say."""


@cache
def _source() -> str:
    return _SOURCE.read_text("utf-8")


def violations(page: Page, *, only: tuple[str, ...] | None = None) -> list[str]:
    """Return every violation of the rules (of all unless `only` names some) on the page: rule, weight, and where."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(_source())
    return [str(line) for line in page.evaluate(_RUN, only)]
