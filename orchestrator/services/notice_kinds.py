"""Which lines of the laboratory's activity people are told of who are not at the page."""

from collections.abc import Mapping

from orchestrator.schemas_settings import NoticeKind

KIND_OF: Mapping[str, NoticeKind] = {
    "enrolment.requested": "approval",
    "consent.agree": "answer",
    "consent.decline": "answer",
    "consent.withdrawn": "answer",
    "site.left": "answer",
    "session.run_started": "session",
    "session.run_completed": "session",
    "session.paused": "session",
    "session.run_failed": "failure",
    "session.run_lost": "failure",
    "data.added": "data",
    "certificate.expires": "certificate",
}
