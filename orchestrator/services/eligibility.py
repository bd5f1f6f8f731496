"""Who may be trained with: the consents that are in force; of what sites, `lab_sessions.of_trusted_sites` says."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from fl_core.lifecycle import ParticipationState
from fl_core.protocol.messages import SendPermission
from fl_core.storage.lab_amendments import AmendmentRow
from fl_core.storage.lab_sessions import ParticipationRow

TAKING_PART = frozenset({ParticipationState.AGREED, ParticipationState.TRAINING, ParticipationState.FINISHED})
SAID_NO = frozenset({ParticipationState.DECLINED, ParticipationState.WITHDRAWN})


def is_eligible(part: ParticipationRow, now: datetime) -> bool:
    """Tell whether the site agreed to train and may, now or when asked again, send its model."""
    consent = part.consent
    if part.state not in TAKING_PART or consent is None or consent.decision != "agree":
        return False
    allowed = consent.permissions
    return (
        allowed.take_part
        and allowed.train_on_my_data
        and allowed.send_model is not SendPermission.NO
        and consent.valid_until > now
    )


def eligible(
    parts: Iterable[ParticipationRow], now: datetime, *, without: Collection[str] = ()
) -> list[ParticipationRow]:
    """Return the participations that can contribute, without the sites that are left out."""
    return [part for part in parts if part.site_id not in without and is_eligible(part, now)]


def awaited(
    parts: Iterable[ParticipationRow],
    further: Mapping[str, AmendmentRow],
    now: datetime,
    *,
    without: Collection[str] = (),
) -> list[ParticipationRow]:
    """Return those that cannot contribute yet and may still agree; `further`: site id -> its newest further offer."""
    found = []
    for part in parts:
        newer = further.get(part.site_id)
        is_open = part.state is ParticipationState.INVITED if newer is None else newer.answer == "open"
        due = part.terms.answer_by if newer is None else newer.terms.answer_by
        if is_open and due > now and part.site_id not in without and not is_eligible(part, now):
            found.append(part)
    return found


def agreed_to(parts: Iterable[ParticipationRow], round_number: int) -> list[ParticipationRow]:
    """Return those that agreed to this round."""
    return [part for part in parts if part.terms.rounds >= round_number]
