"""A session's folder, shared with the ServerApp: plan, wishes, progress, checkpoints."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from fl_core.protocol.plan import SessionControl, SessionPlan
from fl_core.trust.files import write_private


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """Paths and atomic writes below ``<home>/sessions/<session_id>``."""

    path: Path

    @property
    def plan(self) -> Path:
        """Where the plan is."""
        return self.path / "plan.json"

    @property
    def progress(self) -> Path:
        """Where the ServerApp writes what happens."""
        return self.path / "progress.jsonl"

    def write_plan(self, plan: SessionPlan) -> None:
        """Write the plan, whole."""
        write_private(self.plan, plan.model_dump_json(indent=1).encode())

    def known_plan(self) -> SessionPlan | None:
        """Return the plan as it was written last; None when there is none that can be read."""
        try:
            return SessionPlan.model_validate_json(self.plan.read_bytes())
        except (OSError, ValidationError):
            return None

    def control(self) -> SessionControl | None:
        """Return the present wishes: the defaults when there are none, None when they cannot be read."""
        try:
            return SessionControl.model_validate_json((self.path / "control.json").read_bytes())
        except FileNotFoundError:
            return SessionControl()
        except (OSError, ValidationError):
            return None

    def write_control(self, control: SessionControl) -> None:
        """Replace the wishes, whole."""
        write_private(self.path / "control.json", control.model_dump_json(indent=1).encode())

    def read_progress(self, offset: int, *, limit: int = 4_000_000) -> tuple[list[bytes], int]:
        """Return the complete lines after a byte offset and the offset after them."""
        try:
            with self.progress.open("rb") as stream:
                stream.seek(offset)
                content = stream.read(limit)
        except FileNotFoundError:
            return [], offset
        complete, separator, _ = content.rpartition(b"\n")
        if not separator:
            return [], offset
        return complete.split(b"\n"), offset + len(complete) + 1


@dataclass(frozen=True, slots=True)
class SessionFolders:
    """All sessions' folders."""

    root: Path

    def of(self, session_id: str) -> SessionFolder:
        """Return one session's folder; made at the first write."""
        return SessionFolder(self.root / session_id)
