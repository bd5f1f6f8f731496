"""The tables of a site's database; lists and messages are kept as JSON."""

from sqlalchemy import JSON, Boolean, Column, Connection, Float, Integer, MetaData, String, Table, Text

from fl_core.storage.shared_tables import UtcTime

SITE_METADATA = MetaData()

connection_ = Table(
    "site_connection",
    SITE_METADATA,
    Column("id", Integer, primary_key=True),
    Column("state", String(24), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("orchestrator", Text),
    Column("address", Text),
    Column("ca_pem", Text),
    Column("site_id", String(60)),
    Column("site_name", Text),
    Column("fingerprint", String(64)),
    Column("enrolment_id", String(60)),
    Column("poll_secret", Text),
    Column("certificate_expires_at", UtcTime),
    Column("last_contact", UtcTime),
    Column("last_event", Integer, nullable=False, default=0),
)

study = Table(
    "site_study",
    SITE_METADATA,
    Column("id", String(60), primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("task", String(80), nullable=False),
    Column("kind", Text, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("file", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("patient", String(64)),
    Column("has_reference", Boolean, nullable=False),
    Column("counts", Float),
    Column("shape", JSON, nullable=False),
    Column("geometry", Text, nullable=False),
    Column("problem", Text, nullable=False, default=""),
    Column("problem_code", String(80), nullable=False, default=""),
    Column("advice", Text, nullable=False, default=""),
    Column("warnings", JSON, nullable=False),
    Column("deidentified", JSON, nullable=False),
)

request = Table(
    "site_request",
    SITE_METADATA,
    Column("session_id", String(60), primary_key=True),
    Column("received_at", UtcTime, nullable=False),
    Column("offer", JSON, nullable=False, comment="the SignedDocument, whole"),
    Column("offer_sha256", String(64), nullable=False),
    Column("answer", String(16), nullable=False, default="none"),
    Column("consent", JSON, comment="the signed Consent, whole"),
    Column("withdrawal", JSON, comment="the signed Withdrawal, whole"),
    Column("studies", JSON, nullable=False, comment="ids that the consent covers, or with those of earlier agreements"),
)

session = Table(
    "site_session",
    SITE_METADATA,
    Column("id", String(60), primary_key=True),
    Column("state", String(24), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("round", Integer, nullable=False, default=0),
    Column("latest_model_id", String(60)),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
)

round_ = Table(
    "site_round",
    SITE_METADATA,
    Column("session_id", String(60), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("phase", String(16), nullable=False),
    Column("fraction", Float, nullable=False, default=0.0),
    Column("loss", Float),
    Column("losses", JSON, nullable=False),
    Column("code", String(80)),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("scores", JSON),
    Column("sent", JSON),
    Column("decision", String(16), nullable=False, default="none", comment="held update: none, released, refused"),
)

mark = Table(
    "site_mark",
    SITE_METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)

model = Table(
    "site_model",
    SITE_METADATA,
    Column("id", String(60), primary_key=True),
    Column("news", JSON, nullable=False, comment="the ModelNews, whole"),
    Column("fetched", Boolean, nullable=False, default=False),
    Column("received_at", UtcTime, nullable=False),
)

reconstruction = Table(
    "site_reconstruction",
    SITE_METADATA,
    Column("id", String(60), primary_key=True),
    Column("study_id", String(60), nullable=False),
    Column("model_id", String(60), nullable=False),
    Column("state", String(16), nullable=False),
    Column("problem", Text, nullable=False, default=""),
    Column("arrays", JSON, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("seconds", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

reconstruction_problem = Table(
    "site_reconstruction_problem",
    SITE_METADATA,
    Column("reconstruction_id", String(60), primary_key=True),
    Column("problem", JSON, nullable=False, comment="code, title, detail, advice"),
)

outbox = Table(
    "site_outbox",
    SITE_METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("problem", Text, nullable=False, default=""),
)


amendment = Table(
    "site_amendment",
    SITE_METADATA,
    Column("session_id", String(60), primary_key=True),
    Column("offer_sha256", String(64), primary_key=True),
    Column("received_at", UtcTime, nullable=False),
    Column("offer", JSON, nullable=False, comment="the SignedDocument, whole"),
    Column("answer", String(16), nullable=False),
    Column("consent", JSON(none_as_null=True), comment="the signed Consent, whole"),
)

past_request = Table(
    "site_past_request",
    SITE_METADATA,
    Column("seq", Integer, primary_key=True),
    Column("session_id", String(60), nullable=False, index=True),
    Column("received_at", UtcTime, nullable=False),
    Column("offer", JSON, nullable=False, comment="the SignedDocument, whole"),
    Column("answer", String(16), nullable=False),
    Column("consent", JSON, comment="the signed Consent, whole"),
    Column("withdrawal", JSON, comment="the signed Withdrawal, whole"),
)

rule = Table(
    "site_rule",
    SITE_METADATA,
    Column("id", String(60), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("body", JSON, nullable=False, comment="the StandingRule, whole"),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)

reminder = Table(
    "site_reminder",
    SITE_METADATA,
    Column("session_id", String(60), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("told", Boolean, nullable=False),
)

pause = Table(
    "site_pause",
    SITE_METADATA,
    Column("session_id", String(60), primary_key=True),
    Column("since", UtcTime, nullable=False),
)


setting = Table(
    "site_setting",
    SITE_METADATA,
    Column("key", String(40), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)


def create_site_0001(connection: Connection) -> None:
    """Create the site's tables as of revision 0001; later changes are revisions of their own."""
    later = {amendment, past_request, rule, reminder, pause, setting, reconstruction_problem}
    SITE_METADATA.create_all(connection, tables=[table for table in SITE_METADATA.sorted_tables if table not in later])


def create_site_0005(connection: Connection) -> None:
    """Create what keeps further offers beside the agreement in force, and agreements that were replaced."""
    SITE_METADATA.create_all(connection, tables=[amendment])


def create_site_wishes(connection: Connection) -> None:
    """Create the tables of standing rules, reminders and pauses."""
    SITE_METADATA.create_all(connection, tables=[rule, reminder, pause])


def create_site_settings(connection: Connection) -> None:
    """Create the table of settings that are made on the page."""
    SITE_METADATA.create_all(connection, tables=[setting])


def create_site_problems(connection: Connection) -> None:
    """Create the table of why reconstructions failed."""
    SITE_METADATA.create_all(connection, tables=[reconstruction_problem])


def create_site_past(connection: Connection) -> None:
    """Create what keeps requests that were replaced, with what was signed in answer to them."""
    SITE_METADATA.create_all(connection, tables=[past_request])
