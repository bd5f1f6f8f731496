"""The audit log as a file: JSON lines of one array, or CSV that a spreadsheet opens without running anything."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from fl_core.views import AuditRowView

COLUMNS = ("seq", "at", "actor", "action", "subject", "details", "prev_hash", "hash")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(rows: Iterable[AuditRowView]) -> Iterator[str]:
    """Yield one JSON array, a row a line."""
    yield "["
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n") + row.model_dump_json()
    yield "\n]\n"


def as_csv(rows: Iterable[AuditRowView]) -> Iterator[str]:
    """Yield CSV with a head; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    yield _line(COLUMNS)
    for row in rows:
        values = row.model_dump(mode="json")
        values["details"] = json.dumps(values["details"], ensure_ascii=False) if values["details"] else ""
        yield _line([_harmless(str(values[name])) for name in COLUMNS])


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
