"""When each site was there: compact intervals, joined over short gaps, pruned when they are old."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from fl_core.storage.database import Transaction
from fl_core.storage.lab_house_tables import site_presence

JOINED_WITHIN = timedelta(seconds=90)
"""A site that is back so soon was there all the time: a restart of either side is no absence."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One interval during which a site was there."""

    site_id: str
    since: datetime
    until: datetime


def note(tx: Transaction, site_ids: Iterable[str], at: datetime) -> None:
    """Write down that these sites are there at `at`: their latest interval grows, or a new one begins."""
    for site_id in site_ids:
        query = select(func.max(site_presence.c.since)).where(site_presence.c.site_id == site_id)
        newest = tx.connection.execute(query).scalar()
        grown = tx.connection.execute(
            update(site_presence)
            .where(
                site_presence.c.site_id == site_id,
                site_presence.c.since == newest,
                site_presence.c.until >= at - JOINED_WITHIN,
            )
            .values(until=at)
        ).rowcount
        if grown == 0:
            tx.connection.execute(insert(site_presence).values(site_id=site_id, since=at, until=at))


def stays(connection: Connection, since: datetime, *, site_id: str | None = None) -> list[Stay]:
    """Return the intervals that reach into the time after `since`, oldest first."""
    query = select(site_presence).where(site_presence.c.until >= since).order_by(site_presence.c.since)
    if site_id is not None:
        query = query.where(site_presence.c.site_id == site_id)
    return [Stay(row.site_id, row.since, row.until) for row in connection.execute(query)]


def prune(tx: Transaction, before: datetime) -> int:
    """Forget intervals that ended before; returns how many."""
    return tx.connection.execute(delete(site_presence).where(site_presence.c.until < before)).rowcount


def shares(intervals: Iterable[Stay], *, since: datetime, until: datetime, parts: int) -> list[float]:
    """Return for each of `parts` equal parts of the time the share (0 to 1) that the intervals cover."""
    width_s = (until - since).total_seconds() / parts
    covered_s = [0.0] * parts
    for stay in intervals:
        begin = max(0.0, (stay.since - since).total_seconds())
        end = min(width_s * parts, (stay.until - since).total_seconds())
        for part in range(int(begin // width_s), parts):
            overlap = min(end, (part + 1) * width_s) - max(begin, part * width_s)
            if overlap <= 0:
                break
            covered_s[part] += overlap
    return [round(min(1.0, seconds / width_s), 4) for seconds in covered_s]
