"""What sites have contributed: read from closed rounds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from fl_core.storage.lab_tables import model_version, round_


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
