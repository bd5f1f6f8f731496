"""The page of `flomir synthesize inspect` in a real browser: nothing wider than the window, accessible, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from flomir.browser import DESKTOP, PHONE, Theme, launched_browser, new_context
from synthesis.inspection.collect import inspect_folder
from synthesis.inspection.view import build_view
from tests.support.study_sets import damage, make_set

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = """async () => (await axe.run()).violations.flatMap(
  (fault) => fault.nodes.map((node) => `${fault.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    make_set(folder, studies=9, seed=3)
    damage(folder / "study-00002.h5")
    page = folder / "inspect.html"
    page.write_text(build_view(inspect_folder(folder), show=4, made_at="today", version="0"), encoding="utf-8")
    return page.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched_browser() as launched:
        yield launched


def opened(browser: Browser, address: str, size: tuple[int, int], theme: Theme) -> tuple[Page, list[str]]:
    page = new_context(browser, size=size, theme=theme).new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on(
        "request", lambda request: heard.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    page.goto(address)
    return page, heard


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_page_fits_its_window_and_asks_nobody(
    browser: Browser, address: str, size: tuple[int, int], theme: Theme
) -> None:
    page, heard = opened(browser, address, size, theme)
    try:
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert page.locator("article.study").count() == 4
        assert heard == []
    finally:
        page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_accessible(browser: Browser, address: str, theme: Theme) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run make web")
    page, _ = opened(browser, address, PHONE, theme)
    try:
        page.add_script_tag(path=AXE)
        assert page.evaluate(_RUN_AXE) == []
    finally:
        page.context.close()


def test_the_page_can_be_printed(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, DESKTOP, "light")
    try:
        assert page.pdf(format="A4").startswith(b"%PDF")
    finally:
        page.context.close()
