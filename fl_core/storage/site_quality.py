"""What quality control found in each study, kept whole; a table of its own beside the studies."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    case,
    delete,
    insert,
    select,
)

from fl_core.protocol.messages import Json
from fl_core.storage.database import Database, Transaction
from fl_core.storage.shared_tables import UtcTime

QUALITY_METADATA = MetaData()

quality = Table(
    "site_quality",
    QUALITY_METADATA,
    Column("study_id", String(60), primary_key=True),
    Column("level", String(16), nullable=False, comment="of the most serious finding; `none` where nothing was found"),
    Column("findings", Integer, nullable=False),
    Column("report", JSON, nullable=False, comment="model.quality.QualityReport, whole"),
    Column("checked_at", UtcTime, nullable=False),
)


def create_site_quality(connection: Connection) -> None:
    """Create the table."""
    QUALITY_METADATA.create_all(connection)


@dataclass(frozen=True, kw_only=True)
class QualityRecord:
    """The report of one study; `report` is what `QualityReport.to_dict` wrote."""

    study_id: str
    level: str
    findings: int
    report: dict[str, Json]
    checked_at: datetime


@dataclass(frozen=True, kw_only=True)
class QualityGlance:
    """One line of a table of studies; `cause` is the finding because of which the study may not train, without its picture."""

    study_id: str
    level: str
    findings: int
    cause: dict[str, Json] | None


class QualityStore:
    """Keeps one report a study."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, tx: Transaction, record: QualityRecord) -> None:
        """Keep a report in place of an earlier one."""
        tx.connection.execute(delete(quality).where(quality.c.study_id == record.study_id))
        tx.connection.execute(insert(quality).values(**vars(record)))

    def get(self, study_id: str) -> QualityRecord | None:
        """Return a study's report, if it was checked."""
        with self._database.read() as tx:
            row = tx.execute(select(quality).where(quality.c.study_id == study_id)).mappings().first()
        return None if row is None else QualityRecord(**row)

    def glances(self) -> list[QualityGlance]:
        """Return level, number of findings and the gravest error of every study that was checked."""
        columns = (quality.c.study_id, quality.c.level, quality.c.findings)
        query = select(*columns, *_GRAVEST.values()).order_by(quality.c.study_id)
        with self._database.read() as tx:
            rows = tx.execute(query).mappings().all()
        return [_glance(row) for row in rows]


def _of_gravest(name: str) -> ColumnElement[object]:
    """Return a part of the first finding, where it is an error; reports hold pictures, which need not be read for it."""
    part = quality.c.report[("findings", 0, name)]
    return case((quality.c.level == "error", part if name == "numbers" else part.as_string())).label(name)


_GRAVEST = {name: _of_gravest(name) for name in ("code", "text", "remedy", "numbers")}


def _glance(row: RowMapping) -> QualityGlance:
    return QualityGlance(
        study_id=row["study_id"],
        level=row["level"],
        findings=row["findings"],
        cause=None if row["code"] is None else {name: row[name] for name in _GRAVEST},
    )
