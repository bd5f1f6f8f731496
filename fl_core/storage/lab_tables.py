"""The tables of the orchestrator's database; documents and lists are kept as JSON."""

from sqlalchemy import JSON, Column, Connection, ForeignKey, Integer, MetaData, String, Table, Text, UniqueConstraint

from fl_core.storage.shared_tables import UtcTime

LAB = MetaData()

invitation = Table(
    "invitation",
    LAB,
    Column("id", String(40), primary_key=True),
    Column("site_name", String(80)),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("state", String(12), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

site = Table(
    "site",
    LAB,
    Column("id", String(40), primary_key=True),
    Column("enrolment_id", String(40), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("state", String(12), nullable=False),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("poll_hash", String(64), nullable=False),
    Column("csr_pem", Text, nullable=False),
    Column("certificate_pem", Text),
    Column("certificate_expires_at", UtcTime),
    Column("node_id", String(20)),
    Column("protocol", String(12), nullable=False),
    Column("software", String(40)),
    Column("requested_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime),
    Column("last_seen", UtcTime),
    Column("data", JSON(none_as_null=True)),
    Column("studies_at_last_round", Integer, nullable=False, default=0),
    Column("inbox_seq", Integer, nullable=False, default=0),
)

inbox = Table(
    "inbox",
    LAB,
    Column("site_id", ForeignKey("site.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("type", String(12), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)

model_version = Table(
    "model_version",
    LAB,
    Column("id", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("task", String(80), nullable=False),
    Column("network", String(80), nullable=False),
    Column("origin", String(12), nullable=False),
    Column("session_id", String(40), index=True),
    Column("round", Integer),
    Column("parents", JSON, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size_bytes", Integer, nullable=False),
    Column("parameters", Integer, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("card", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    UniqueConstraint("session_id", "round"),
)

session = Table(
    "session",
    LAB,
    Column("id", String(40), primary_key=True),
    Column("title", String(80), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("wish", String(12), nullable=False, default="run"),
    Column("phase", String(12)),
    Column("reason", String(60), nullable=False, default=""),
    Column("reason_text", String(500), nullable=False, default=""),
    Column("spec", JSON, nullable=False),
    Column("network", JSON, nullable=False),
    Column("initial_model_id", String(40), nullable=False),
    Column("run_id", String(40)),
    Column("progress_offset", Integer, nullable=False, default=0),
    Column("round", Integer, nullable=False, default=0),
    Column("combine_round", Integer, nullable=False, default=0),
    Column("lost_runs", Integer, nullable=False, default=0),
    Column("heard_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("answer_by", UtcTime, nullable=False),
)

participation = Table(
    "participation",
    LAB,
    Column("session_id", ForeignKey("session.id"), primary_key=True),
    Column("site_id", ForeignKey("site.id"), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("offer", JSON, nullable=False),
    Column("offer_sha256", String(64), nullable=False),
    Column("consent", JSON(none_as_null=True)),
    Column("consent_document", JSON(none_as_null=True)),
    Column("withdrawal_document", JSON(none_as_null=True)),
    Column("rounds_contributed", Integer, nullable=False, default=0),
    Column("missing_code", String(60)),
)

round_ = Table(
    "round",
    LAB,
    Column("session_id", ForeignKey("session.id"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("state", String(12), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("deadline_at", UtcTime),
    Column("received", JSON, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("record", JSON(none_as_null=True)),
    Column("model_id", String(40)),
)

transition = Table(
    "transition",
    LAB,
    Column("seq", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(100), nullable=False, index=True),
    Column("event", String(24), nullable=False),
    Column("before", String(12), nullable=False),
    Column("after", String(12), nullable=False),
    Column("at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)


recommended_model = Table(
    "recommended_model",
    LAB,
    Column("task", String(80), primary_key=True),
    Column("model_id", ForeignKey("model_version.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
)

removed_model = Table(
    "removed_model",
    LAB,
    Column("model_id", ForeignKey("model_version.id"), primary_key=True),
    Column("at", UtcTime, nullable=False),
)

amendment = Table(
    "amendment",
    LAB,
    Column("session_id", ForeignKey("session.id"), primary_key=True),
    Column("site_id", ForeignKey("site.id"), primary_key=True),
    Column("offer_sha256", String(64), primary_key=True),
    Column("offer", JSON, nullable=False),
    Column("sent_at", UtcTime, nullable=False),
    Column("answer", String(12), nullable=False),
    Column("consent_document", JSON(none_as_null=True)),
)

past_answer = Table(
    "past_answer",
    LAB,
    Column("seq", Integer, primary_key=True),
    Column("session_id", ForeignKey("session.id"), nullable=False, index=True),
    Column("site_id", ForeignKey("site.id"), nullable=False),
    Column("offer", JSON, nullable=False),
    Column("consent_document", JSON(none_as_null=True)),
    Column("withdrawal_document", JSON(none_as_null=True)),
)


def create_lab_0001(connection: Connection) -> None:
    """Create the orchestrator's tables as of revision 0001; later changes are revisions of their own."""
    LAB.create_all(
        connection, tables=[invitation, site, inbox, model_version, session, participation, round_, transition]
    )


def create_lab_0003(connection: Connection) -> None:
    """Create what says which model is recommended for a task, and which deleted ones are gone for good."""
    LAB.create_all(connection, tables=[recommended_model, removed_model])


def create_lab_0007(connection: Connection) -> None:
    """Create what keeps further offers of a session beside the agreement in force, and agreements that were replaced."""
    LAB.create_all(connection, tables=[amendment])


def create_lab_past(connection: Connection) -> None:
    """Create what keeps offers that were replaced, with what was signed in answer to them."""
    LAB.create_all(connection, tables=[past_answer])
