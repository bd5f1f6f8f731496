"""Take the picture of a contact sheet for the documentation: ``python tests/e2e/take_contact_sheet.py`` (half a minute).

Writes ``docs/pictures/contact-sheet.png``: two rows of the page that `flomir synthesize inspect` draws, from real studies.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from flomir.browser import launched_browser
from synthesis.inspection.collect import inspect_folder
from synthesis.inspection.view import build_view
from synthesis.pipeline import generate
from synthesis.scenario import load_scenario

OUT = Path(__file__).parents[2] / "docs" / "pictures"
SCENARIO, SEED, ROWS = "cardiac-infarct", 11, 2


def contact_sheet(browser: Browser) -> None:
    """Make studies, draw their page and keep its first rows."""
    with tempfile.TemporaryDirectory(prefix="flomir-sheet-") as folder:
        root = Path(folder)
        generate(load_scenario(SCENARIO), root / "set", ROWS, SEED)
        page = root / "page.html"
        found = inspect_folder(root / "set")
        page.write_text(build_view(found, show=ROWS, made_at="", version=""), encoding="utf-8")
        context = browser.new_context(viewport={"width": 1120, "height": 900}, color_scheme="light")
        try:
            shown = context.new_page()
            shown.goto(page.as_uri())
            boxes = [row.bounding_box() for row in shown.locator("article.study").all()]
            top, bottom = boxes[0], boxes[-1]
            assert top is not None
            assert bottom is not None
            height = bottom["y"] + bottom["height"] - top["y"]
            clip = {"x": top["x"] - 8, "y": top["y"], "width": top["width"] + 16, "height": height}
            shown.screenshot(path=OUT / "contact-sheet.png", clip=clip, full_page=True)  # type: ignore[arg-type]
        finally:
            context.close()


def main() -> None:
    """Take this one picture."""
    OUT.mkdir(parents=True, exist_ok=True)
    with launched_browser() as browser:
        contact_sheet(browser)


if __name__ == "__main__":
    main()
