"""What a stored session's parameters say now, with their types."""

from datetime import datetime

from fl_core.storage.lab_sessions import RoundRow, SessionRow

AWAITS_CONSENT = "session.awaits_consent"
"""Reason of a session that waits until enough sites have agreed to its further rounds."""


def rounds_planned(row: SessionRow) -> int:
    """Return how many rounds are wished in all."""
    return int(str(row.spec["rounds"]))


def quorum(row: SessionRow) -> int:
    """Return the fewest updates that close a round."""
    return int(str(row.spec["quorum"]))


def fraction(row: SessionRow) -> float:
    """Return which part of the sites is drawn for a round."""
    return float(str(row.spec["fraction"]))


def deadline_s(row: SessionRow) -> float:
    """Return how long a round may take (s)."""
    return float(str(row.spec["round_deadline_s"]))


def left_out(row: SessionRow) -> frozenset[str]:
    """Return the sites that the manager leaves out of the coming rounds."""
    found = row.spec.get("left_out")
    return frozenset(str(site_id) for site_id in found) if isinstance(found, list) else frozenset()


def start_at(row: SessionRow) -> datetime | None:
    """Return when the session may start at the earliest."""
    found = row.spec.get("start_at")
    return datetime.fromisoformat(str(found)) if found else None


def starts_by_itself(row: SessionRow) -> bool:
    """Tell whether the session starts without the manager's word."""
    return bool(row.spec["start_when_ready"])


def closed_rounds(rounds: list[RoundRow]) -> int:
    """Return the number of the last closed round."""
    return max((found.round for found in rounds if found.state == "closed"), default=0)
