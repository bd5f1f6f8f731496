"""Which lines of the hospital's activity people are told of who are not at the page; no other line ever leaves as a notice."""

from collections.abc import Mapping

from contributor.schemas_settings import NoticeKind

KIND_OF: Mapping[str, NoticeKind] = {
    "request.received": "request",
    "request.further": "request",
    "request.recalled": "request",
    "rule.could_not_agree": "request",
    "update.held": "request",
    "request.reminder": "reminder",
    "session.running": "training",
    "session.paused": "training",
    "session.completed": "training",
    "session.stopped": "training",
    "session.aborted": "training",
    "session.failed": "failure",
    "round.failed": "failure",
    "model.final": "model",
    "certificate.renewed": "certificate",
    "certificate.expires": "certificate",
    "connection.suspended": "connection",
    "connection.revoked": "connection",
    "connection.refused": "connection",
    "connection.protocol_mismatch": "connection",
    "connection.unreachable": "connection",
    "connection.back": "connection",
    "import.done": "import",
    "import.failed": "import",
    "storage.low": "storage",
    "storage.full": "storage",
}
