"""A part of a long list: searched, filtered, sorted and cut by the database; a cursor says where the next part begins."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, String, and_, func, or_, select, type_coerce

from fl_core.errors import InvalidInput

Value = TypeVar("Value")
_ESCAPE = "\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which part is wanted.

    Parameters
    ----------
    search : words that must all occur in one of the searched columns, whatever their case
    states : states to keep; empty for all
    sort : name of an order, with ``-`` in front for the other way round; empty for the list's own order
    limit : most rows; None for all
    cursor : where the part before ended
    """

    search: str = ""
    states: Sequence[str] = ()
    sort: str = ""
    limit: int | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Part(Generic[Value]):
    """Rows in order, how many there are in all parts together, and the cursor of the next part (None: the last one)."""

    rows: list[Value]
    total: int
    next_cursor: str | None


def moment(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a time as the text it is stored as (its order is the order of time); never is before everything."""
    return func.coalesce(type_coerce(column, String), "")


def caseless(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text for ordering without regard to case."""
    return func.lower(func.coalesce(column, ""))


def contains(text: str, columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """Return one condition a word: it occurs in one of the columns; ``%`` and ``_`` are ordinary letters."""
    conditions = []
    for word in text.lower().split():
        pattern = word.replace(_ESCAPE, _ESCAPE * 2).replace("%", f"{_ESCAPE}%").replace("_", f"{_ESCAPE}_")
        conditions.append(or_(*(caseless(column).like(f"%{pattern}%", escape=_ESCAPE) for column in columns)))
    return conditions


def cut(
    connection: Connection,
    query: Select[Any],
    wanted: Wanted,
    *,
    key: ColumnElement[Any],
    orders: Mapping[str, ColumnElement[Any]],
    default: str,
) -> Part[Row[Any]]:
    """Run a filtered query for one part.

    Parameters
    ----------
    key : unique column that breaks ties
    orders : name -> what is compared, text or number, never NULL
    default : the list's own order, as `Wanted.sort`

    Raises
    ------
    InvalidInput
        When order or cursor are unknown; a cursor belongs to the order it was given for.
    """
    sort = wanted.sort or default
    value = orders.get(sort.removeprefix("-"))
    if value is None:
        message = f"sort: got {sort[:40]!r}, must be one of {', '.join(sorted(orders))}, with - in front for the other way round"
        raise InvalidInput(message)
    total = int(connection.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one())
    is_down = sort.startswith("-")
    cutting = query.add_columns(value.label("sorted_by"), key.label("sorted_key"))
    cutting = cutting.order_by(*((value.desc(), key.desc()) if is_down else (value.asc(), key.asc())))
    if wanted.cursor is not None:
        last, last_key = _parse(wanted.cursor, sort)
        beyond = (value < last, key < last_key) if is_down else (value > last, key > last_key)
        cutting = cutting.where(or_(beyond[0], and_(value == last, beyond[1])))
    if wanted.limit is not None:
        cutting = cutting.limit(wanted.limit + 1)
    rows = list(connection.execute(cutting))
    if wanted.limit is None or len(rows) <= wanted.limit:
        return Part(rows, total, None)
    rows = rows[: wanted.limit]
    return Part(rows, total, _cursor(sort, rows[-1].sorted_by, rows[-1].sorted_key))


def values_of(row: Row[Any]) -> dict[str, Any]:
    """Return a row's own columns by name."""
    return {name: value for name, value in row._mapping.items() if name not in {"sorted_by", "sorted_key"}}


def _cursor(sort: str, value: object, key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, value, key]).encode()).decode().rstrip("=")


def _parse(cursor: str, sort: str) -> tuple[Any, str]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        name, value, key = found
    except (ValueError, TypeError, binascii.Error) as error:
        raise _unknown_cursor() from error
    if name != sort or not isinstance(key, str) or not isinstance(value, str | int | float):
        raise _unknown_cursor()
    return value, key


def _unknown_cursor() -> InvalidInput:
    return InvalidInput("cursor: it does not come from this list in this order; begin again without one")
