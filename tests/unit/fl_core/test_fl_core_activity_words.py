"""The promise that no line of the activity is English only: each says by which key and values a page words it."""

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
SOURCES = [path for name in ("contributor", "orchestrator", "fl_core") for path in (REPOSITORY / name).rglob("*.py")]


def _lines_for_people() -> Iterator[tuple[str, set[str]]]:
    """Yield where a line of the activity is written, and what is given for it."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith(("journal.note", "journal.tell")):
                continue
            given = {str(one.arg): one.value for one in node.keywords}
            text = given.get("text", ast.Constant(None))
            if not (isinstance(text, ast.Constant) and text.value is None):
                yield f"{path.relative_to(REPOSITORY)}:{node.lineno}", set(given)


def test_every_line_of_the_activity_can_be_worded_by_a_page() -> None:
    lines = list(_lines_for_people())
    assert len(lines) > 50
    assert [place for place, given in lines if not ("values" in given and given & {"key", "action"})] == []
