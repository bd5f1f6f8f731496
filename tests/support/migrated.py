"""Databases with the present schema, copied from one that was migrated once: most tests are about what is in them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fl_core.storage.database import open_database


def put_migrated(path: Path, migrations: Path) -> None:
    """Write an empty SQLite database of a daemon's present schema, unless there is one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_migrated(migrations))


@cache
def _migrated(migrations: Path) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "flomir.sqlite"
        open_database(path, migrations=migrations).close()
        return path.read_bytes()
