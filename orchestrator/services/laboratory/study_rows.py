"""The studies of a data set as its check wrote them down: all, or the part that is wanted."""

import json
from pathlib import Path

from fl_core.errors import InvalidInput
from fl_core.protocol.messages import Json
from orchestrator.laboratory_schemas import StudyRow, StudyRowList, StudyRowsWanted

FILE = "studies.json"


def study_rows(about: Path) -> list[StudyRow]:
    """Return the studies of a data set; none before it was checked."""
    return [StudyRow.model_validate(row) for row in _read(about)]


def part_of_rows(about: Path, wanted: StudyRowsWanted) -> StudyRowList:
    """Return the wanted part; raises InvalidInput for a cursor that is none."""
    words = wanted.search.lower().split()
    found = [row for row in _read(about) if row["pictured"] or not wanted.pictured]
    found = [row for row in found if all(word in str(row["file"]).lower() for word in words)]
    rest = [row for row in found if int(str(row["number"])) >= _first(wanted.cursor)]
    items = rest[: wanted.limit]
    beyond = rest[len(items)]["number"] if len(items) < len(rest) else None
    return StudyRowList(
        items=[StudyRow.model_validate(row) for row in items],
        total=len(found),
        next_cursor=None if beyond is None else str(beyond),
    )


def _read(about: Path) -> list[Json]:
    try:
        found = json.loads((about / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return []
    return [{"number": number, **row} for number, row in enumerate(found)]


def _first(cursor: str | None) -> int:
    """Return the number of the first study of a part."""
    if cursor is None:
        return 0
    if not cursor.isdecimal():
        message = "cursor: it does not come from this list; begin again without one"
        raise InvalidInput(message)
    return int(cursor)
