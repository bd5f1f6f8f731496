"""axe-core in a page: what a screen reader or a person with low vision would stumble over."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_SOURCE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.target.join(" ")}: ${n.failureSummary}`).join(" | ")}`);
}"""


@cache
def _source() -> str:
    return _SOURCE.read_text("utf-8")


def violations(page: Page) -> list[str]:
    """Return every violation on the page as it is now: rule, weight, and where."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(_source())
    return [str(line) for line in page.evaluate(_RUN)]
