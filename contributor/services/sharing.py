"""What this site lets out about its data besides the counts: nothing, until somebody here permits it."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from contributor.schemas import SharingView
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.protocol.messages import DataDistributions
from fl_core.storage.site_studies import StudyRecord
from fl_core.trust.files import write_private

SMALLEST_GROUP = 3
"""A smaller group could point at a patient; it counts as other."""
OTHER = "other"
LONGEST_NAME = 80
MOST_GROUPS = 20


class Sharing:
    """Keeps the permission in a file of its own, whole or not at all; unreadable means no."""

    def __init__(self, desk: Desk, *, file: Path, changed: Callable[[], None]) -> None:
        self._file = file
        self._desk = desk
        self._changed = changed

    def view(self) -> SharingView:
        """Return what is permitted."""
        try:
            stored = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return SharingView(distributions=False)
        return SharingView(distributions=isinstance(stored, dict) and stored.get("distributions") is True)

    def permit(self, *, distributions: bool) -> SharingView:
        """Permit, or permit no more; the orchestrator is told at once, and what it knew is replaced."""
        if self.view().distributions != distributions:
            write_private(self._file, json.dumps({"distributions": distributions}).encode())
            word = "may now" if distributions else "may no longer"
            with self._desk.database.begin() as tx:
                self._desk.journal.note(
                    tx,
                    actor=acted_by("professional"),
                    action="sharing.permitted" if distributions else "sharing.withdrawn",
                    text=f"The laboratory {word} learn how the studies are spread over cameras and counts.",
                    values={},
                )
            self._changed()
        return self.view()


def distributions_of(usable: Iterable[StudyRecord]) -> DataDistributions:
    """Return the spread of usable studies; small groups are put together, a small number with remarks is told as 0."""
    records = list(usable)
    warned = sum(bool(record.warnings) for record in records)
    return DataDistributions(
        kinds=_grouped(record.kind for record in records),
        cameras=_grouped(record.geometry for record in records),
        counts=_grouped(_half_decade(record.counts) for record in records if record.counts is not None),
        warned=warned if warned >= SMALLEST_GROUP else 0,
    )


def _grouped(names: Iterable[str]) -> dict[str, int]:
    counted = Counter(name[:LONGEST_NAME] for name in names)
    large = {name: count for name, count in counted.most_common(MOST_GROUPS) if count >= SMALLEST_GROUP}
    rest = counted.total() - sum(large.values())
    return {**large, OTHER: rest} if rest else large


def _half_decade(counts: float) -> str:
    if counts < 1:
        return "0"
    return f"{10 ** (math.floor(2 * math.log10(counts)) / 2):.0f}"
