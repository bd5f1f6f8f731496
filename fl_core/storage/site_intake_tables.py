"""The tables of what a site takes in: imports with a row a file, where a study came from, patients who were withdrawn."""

from sqlalchemy import JSON, Boolean, Column, Connection, Integer, MetaData, String, Table, Text

from fl_core.storage.shared_tables import UtcTime

INTAKE = MetaData()

import_ = Table(
    "site_import",
    INTAKE,
    Column("id", String(60), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("state", String(16), nullable=False, index=True),
    Column("source", String(8), nullable=False, comment="files: handed over by a page; folder: lies on this computer"),
    Column("place", Text, nullable=False, comment="the folder that is read; stays here"),
    Column("actor", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("total", Integer, comment="scans that were found, once all were looked for"),
    Column(
        "left_out", JSON, nullable=False, comment="reason -> how many files were no scans, besides those with a row"
    ),
    Column("code", String(80), nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
)

import_file = Table(
    "site_import_file",
    INTAKE,
    Column("import_id", String(60), primary_key=True),
    Column("name", Text, primary_key=True, comment="path below the folder; may name a patient, stays here"),
    Column("number", Integer, nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("study_id", String(60)),
    Column("code", String(80), nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
    Column("advice", Text, nullable=False, default=""),
)

study_source = Table(
    "site_study_source",
    INTAKE,
    Column("study_id", String(60), primary_key=True),
    Column("content", String(64), nullable=False, unique=True, comment="hash of counts and geometry"),
    Column("patient_from", String(16), nullable=False),
    Column("has_attenuation", Boolean, nullable=False),
    Column("import_id", String(60)),
)

withdrawn_patient = Table(
    "site_withdrawn_patient",
    INTAKE,
    Column("patient", String(64), primary_key=True, comment="pseudonym"),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("studies", JSON, nullable=False, comment="ids of the studies that this withdrawal took out of use"),
)


def create_site_intake(connection: Connection) -> None:
    """Create the tables."""
    INTAKE.create_all(connection)
