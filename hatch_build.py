"""A wheel carries the built web pages; one without them fails its own build."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CheckPages(BuildHookInterface[Any]):
    """Refuse to build a wheel before `make web`; an editable installation needs no pages yet."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Look for both apps' first page."""
        if version == "editable":
            return
        for daemon in ("orchestrator", "contributor"):
            page = Path(self.root) / daemon / "web" / "index.html"
            if not page.is_file():
                message = f"the {daemon}'s web pages are not built: run `make web` first ({page.relative_to(self.root)} is missing)"
                raise FileNotFoundError(message)
