"""When a round may begin at a site, and how long it may take. Pure; the clock is an argument."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from fl_core.protocol.messages import HoursOfDay
from fl_core.protocol.plan import Grant, Resources

WEEK = timedelta(days=7)
PAUSED, OUTSIDE_HOURS, WEEKLY_LIMIT = "site.paused", "site.outside_hours", "site.weekly_limit"
BUSY = "site.busy"
"""Another session computes at the site; no limit of the site's, so not a reason of `reason_to_wait`."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a round may not begin yet, and when that ends by itself (None: a person ends it)."""

    code: str
    until: datetime | None = None


def round_key(session_id: str, number: int) -> str:
    """Return how a round is named in `Grant.begun`."""
    return f"{session_id}/{number}"


def is_within(hours: HoursOfDay, now: datetime) -> bool:
    """Tell whether a local time is within the hours; equal ends mean the whole day."""
    begin, end, at = time.fromisoformat(hours.begin), time.fromisoformat(hours.end), now.time()
    if begin == end:
        return True
    return begin <= at < end if begin < end else at >= begin or at < end


def next_begin(hours: HoursOfDay, now: datetime) -> datetime:
    """Return when the hours begin next after a local time."""
    begin = datetime.combine(now.date(), time.fromisoformat(hours.begin), now.tzinfo)
    return begin if begin > now else begin + timedelta(days=1)


def time_allowed_s(grant: Grant, wished_s: float) -> float:
    """Return how long a round may take here: as its message says, and no longer than the site agreed to."""
    return wished_s if grant.round_deadline_s is None else min(wished_s, grant.round_deadline_s)


def reason_to_wait(
    grant: Grant, resources: Resources, key: str, begun: Mapping[str, datetime], now: datetime
) -> Wait | None:
    """Return why the round named by `key` may not begin now, or None.

    Parameters
    ----------
    begun : when other rounds of the same rule began; those of the last seven days count
    now : the present time with the site's own zone
    """
    if grant.paused:
        return Wait(PAUSED)
    for hours in (grant.hours, resources.hours):
        if hours is not None and not is_within(hours, now):
            return Wait(OUTSIDE_HOURS, next_begin(hours, now))
    if grant.rounds_a_week is None:
        return None
    recent = sorted(at for one, at in begun.items() if one != key and now - at < WEEK)
    if len(recent) < grant.rounds_a_week:
        return None
    return Wait(WEEKLY_LIMIT, recent[-grant.rounds_a_week] + WEEK)
