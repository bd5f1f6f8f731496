"""Which rounds a site has answered, for which model and schedule: a round draws one update, however often it is asked for.

The same model may come again, as after a lost answer or a killed process; another one under the same number would draw a
second update, past what a person released and past the limit of rounds a week, and so would the same one with another
schedule of the learning rate.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fl_core.errors import ComputeFailed, NotTrusted
from fl_core.flower.exchange import RoundRequest
from fl_core.flower.limits import round_key
from fl_core.protocol.plan import ANSWERED_BEFORE
from fl_core.supervision.child import write_private

MOST_KEPT = 20_000
"""Far more than a site ever answers; the oldest go."""


class Answered(NamedTuple):
    """What a round was answered for: the SHA-256 of the model, and the length of the schedule."""

    model_sha256: str
    rounds: int


class AnsweredRounds:
    """The rounds by their keys; on the disk, so that no restart forgets them.

    Parameters
    ----------
    file : Path, optional
        None keeps them in memory. It is read at the first round, so that a site whose file is broken says so of each.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known: dict[str, Answered] | None = None

    @property
    def _rounds(self) -> dict[str, Answered]:
        if self._known is None:
            self._known = _read(self._file)
        return self._known

    def as_before(self, request: RoundRequest) -> RoundRequest:
        """Return a request as it is worked on: one that repeats an answered round keeps to the schedule of that answer.

        Raises
        ------
        NotTrusted
            ``round.answered_before`` for another model than the one that the round was answered for.
        ComputeFailed
            ``round.answers_unreadable`` when nobody knows which rounds were answered.
        """
        known = self._rounds.get(round_key(request.session_id, request.round))
        if known is None:
            return request
        if known.model_sha256 != request.packed.sha256:
            message = (
                f"the round was answered for the model {known.model_sha256[:12]}, now another one came under its number"
            )
            raise NotTrusted(message, code=ANSWERED_BEFORE)
        return replace(request, rounds=known.rounds)

    def note(self, request: RoundRequest) -> None:
        """Remember, before the update leaves, what it was made from."""
        key, answered = round_key(request.session_id, request.round), Answered(request.packed.sha256, request.rounds)
        if self._rounds.get(key) == answered:
            return
        kept = list(self._rounds.items())[-MOST_KEPT + 1 :]
        self._known = dict(kept) | {key: answered}
        if self._file is not None:
            write_private(self._file, json.dumps(self._rounds))


def _read(file: Path | None) -> dict[str, Answered]:
    if file is None or not file.exists():
        return {}
    try:
        rows = json.loads(file.read_bytes()).items()
        return {str(key): Answered(str(model), int(rounds)) for key, (model, rounds) in rows}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        message = f"{file.name} cannot be read, so nobody knows which rounds were answered"
        raise ComputeFailed(message, code="round.answers_unreadable") from error
