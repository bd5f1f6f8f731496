"""Where a daemon's database is: a file in its home folder, or PostgreSQL by URL; never silently the other one."""

import json
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from fl_core.errors import Conflict, InvalidInput

FILE = "flomir.sqlite"
NOTE = "database.json"
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def place_of(home: Path, url: str | None) -> Path | str:
    """Return what `open_database` opens: the file in `home`, or the URL with its driver.

    A home whose database is in PostgreSQL keeps a note of that (see `remember`; never the password), so that a start without the URL, a backup
    or a check of the audit says so instead of beginning anew with an empty file.

    Raises
    ------
    InvalidInput
        ``storage.database_url`` for an address that is not of PostgreSQL.
    Conflict
        ``storage.other_database`` when the home folder's records are in the other kind of database.
    """
    known = noted(home)
    if url is None:
        if known is not None:
            message = f"the records of this home folder are in {known}, and no address of it is set"
            raise Conflict(message, code="storage.other_database")
        return home / FILE
    parsed = parse(url)
    if (home / FILE).exists():
        message = f"the home folder holds {FILE}, and the settings name PostgreSQL"
        raise Conflict(message, code="storage.other_database")
    return parsed.render_as_string(hide_password=False)


def remember(home: Path, place: Path | str) -> None:
    """Keep in the home folder where its records are, once they could be opened there; nothing to do for a file in it."""
    if isinstance(place, str):
        home.mkdir(parents=True, exist_ok=True)
        (home / NOTE).write_text(json.dumps({"database": shown(make_url(place))}), "utf-8")


def parse(url: str) -> URL:
    """Return a PostgreSQL address with its driver; raises InvalidInput (``storage.database_url``), never naming the password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the second for a port that is no number
        parsed = None
    driver = None if parsed is None else _DRIVERS.get(parsed.drivername)
    if parsed is None or driver is None or not parsed.database:
        message = "the address of the database does not begin with postgresql:// or names no database"
        raise InvalidInput(message, code="storage.database_url")
    return parsed.set(drivername=driver)


def shown(url: URL) -> str:
    """Return an address for people: without user and password."""
    host = url.host or str(url.query.get("host", "this computer"))
    return f"PostgreSQL, database {url.database} on {host}"


def noted(home: Path) -> str | None:
    """Return where the records of a home folder are when they are not in it."""
    try:
        return str(json.loads((home / NOTE).read_text("utf-8"))["database"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
