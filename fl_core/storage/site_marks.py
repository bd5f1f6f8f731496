"""Numbers that a site keeps by name, as how far a file was read."""

from sqlalchemy import insert, select, update

from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_tables import mark


def read_mark(database: Database, name: str) -> int | None:
    """Return a number, if it is kept."""
    with database.read() as connection:
        return connection.execute(select(mark.c.value).where(mark.c.name == name)).scalar()


def set_mark(tx: Transaction, name: str, value: int) -> None:
    """Keep a number in place of the former one."""
    if tx.connection.execute(update(mark).where(mark.c.name == name).values(value=value)).rowcount == 0:
        tx.connection.execute(insert(mark).values(name=name, value=value))
