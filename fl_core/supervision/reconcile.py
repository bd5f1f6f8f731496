"""Decisions of the supervisor as pure functions: what to do with one child now, and how long to wait."""

from dataclasses import dataclass
from enum import StrEnum

FIRST_DELAY_S = 0.2
LARGEST_DELAY_S = 10.0
HEALTHY_AFTER_S = 30.0


class Action(StrEnum):
    """What the supervisor does with one child at this tick."""

    NONE = "none"
    START = "start"
    NOTE_EXIT = "note_exit"
    NOTE_READY = "note_ready"
    END_UNREADY = "end_unready"
    TERMINATE = "terminate"
    KILL = "kill"


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One child as seen now; times in seconds of a monotonic clock."""

    wanted: bool
    alive: bool
    has_process: bool
    ready: bool
    known_ready: bool
    started_at: float
    ready_timeout_s: float
    start_not_before: float
    kill_at: float | None


def decide(seen: Observed, now: float) -> Action:
    """Return the one step that brings the observed state nearer to the wished one."""
    if seen.alive:
        return _decide_alive(seen, now)
    if seen.has_process:
        return Action.NOTE_EXIT
    return Action.START if seen.wanted and now >= seen.start_not_before else Action.NONE


def _decide_alive(seen: Observed, now: float) -> Action:
    if seen.kill_at is not None:
        return Action.KILL if now >= seen.kill_at else Action.NONE
    if not seen.wanted:
        return Action.TERMINATE
    if seen.ready:
        return Action.NONE if seen.known_ready else Action.NOTE_READY
    return Action.END_UNREADY if now > seen.started_at + seen.ready_timeout_s else Action.NONE


def next_delay_s(failures: int, lived_s: float) -> tuple[int, float]:
    """Return the new count of failures in a row and the delay before the next start.

    0.2 s, doubling to 10 s; a child that lived 30 s starts again at 0.2 s.
    """
    failures = 1 if lived_s >= HEALTHY_AFTER_S else failures + 1
    return failures, min(LARGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 20))
