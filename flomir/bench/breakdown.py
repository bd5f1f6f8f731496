"""Where a round's time goes, read from the progress files both sides keep (one machine, one clock).

For the site whose update came last in a round: `deliver_s` from the round's start to the runner's having the model,
`compute_s` from there to its beginning to send, `return_s` until the update stands checked at the laboratory,
`finish_s` until the round is closed and saved.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fl_core.protocol.messages import SitePhase
from fl_core.protocol.plan import RunnerEvent, ServerEvent

PARTS = ("deliver_s", "compute_s", "return_s", "finish_s")


def round_breakdown(session_folder: Path, sites: Mapping[str, Path]) -> dict[str, float]:
    """Return the median of each part over the session's rounds.

    Parameters
    ----------
    session_folder : the laboratory's folder of the session
    sites : site id -> home of the contributor
    """
    session_id = session_folder.name
    server = [ServerEvent.model_validate_json(line) for line in _lines(session_folder / "progress.jsonl")]
    runners = {
        site_id: [
            event
            for line in _lines(home / "flower" / "progress.jsonl")
            if (event := RunnerEvent.model_validate_json(line)).session_id == session_id
        ]
        for site_id, home in sites.items()
    }
    numbers = sorted({event.round for event in server if event.type == "round_closed"})
    rows = [_one_round(number, server, runners) for number in numbers]
    return {part: statistics.median(row[part] for row in rows) for part in PARTS}


def _one_round(
    number: int, server: Sequence[ServerEvent], runners: Mapping[str, Sequence[RunnerEvent]]
) -> dict[str, float]:
    events = [event for event in server if event.round == number]
    started = next(event.at for event in events if event.type == "round_started")
    last = [event for event in events if event.type == "update_received"][-1]
    closed = next(event.at for event in events if event.type == "round_closed")
    mine = [event for event in runners[str(last.site_id)] if event.round == number]
    received = next(event.at for event in mine if event.phase is SitePhase.RECEIVED)
    sending = next(event.at for event in mine if event.phase is SitePhase.SENDING)
    marks = (started, received, sending, last.at, closed)
    return {part: (end - begin).total_seconds() for part, begin, end in zip(PARTS, marks, marks[1:], strict=False)}


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if line.endswith("\n") and '"session_id"' in line)  # not how much was cut off
