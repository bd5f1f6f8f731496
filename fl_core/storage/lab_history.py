"""What sites have contributed: read from closed rounds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from fl_core.storage.lab_tables import model_version, participation, round_, session


@dataclass(frozen=True, slots=True, kw_only=True)
class LastModel:
    """The newest model a site helped to make."""

    model_id: str
    name: str
    at: datetime


def last_models(connection: Connection) -> dict[str, LastModel]:
    """Return site id -> the newest model of a closed round to which the site contributed."""
    query = (
        select(round_.c.received, model_version.c.id, model_version.c.name, model_version.c.created_at)
        .join(model_version, model_version.c.id == round_.c.model_id)
        .where(round_.c.state == "closed")
        .order_by(model_version.c.created_at.desc())
    )
    found: dict[str, LastModel] = {}
    for received, model_id, name, at in connection.execute(query):
        for site_id in received:
            found.setdefault(str(site_id), LastModel(model_id=model_id, name=name, at=at))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What a site gave to one session."""

    session_id: str
    title: str
    state: str
    rounds: int
    bytes: int
    examples: int
    last_at: datetime | None


def contributions(connection: Connection, site_id: str) -> list[Contribution]:
    """Return the sessions a site was invited to, newest first, with what it sent in closed rounds."""
    invited = (
        select(session.c.id, session.c.title, participation.c.state)
        .join(participation, participation.c.session_id == session.c.id)
        .where(participation.c.site_id == site_id)
        .order_by(session.c.created_at.desc())
    )
    found = []
    for session_id, title, state in connection.execute(invited).all():
        closed = select(round_.c.record, round_.c.started_at).where(
            round_.c.session_id == session_id, round_.c.state == "closed"
        )
        updates = [
            (update, at)
            for record, at in connection.execute(closed)
            for update in (record or {}).get("updates", ())
            if update["site_id"] == site_id
        ]
        found.append(
            Contribution(
                session_id=session_id,
                title=title,
                state=state,
                rounds=len(updates),
                bytes=sum(update["bytes"] for update, _ in updates),
                examples=max((update["num_examples"] for update, _ in updates), default=0),
                last_at=max((at for _, at in updates), default=None),
            )
        )
    return found
