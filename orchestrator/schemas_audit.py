"""What the UI API accepts and says about the audit log beyond its rows."""

from typing import Literal

from pydantic import AwareDatetime, Field

from fl_core.storage.audit import Wanted
from fl_core.views import Schema


class AuditFilter(Schema):
    """Which rows: absent means all."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    area: str | None = Field(default=None, max_length=40, description="first word of the action: site, session, ...")
    actor: str | None = Field(default=None, max_length=80)
    text: str | None = Field(default=None, max_length=200, description="anywhere in who, what, of what, or the details")

    def wanted(self) -> Wanted:
        """Return what the storage filters by."""
        return Wanted(
            since=self.since, until=self.until, area=self.area or None, actor=self.actor or None, text=self.text or None
        )


class AuditSearch(AuditFilter):
    """GET /audit/search: newest first, page by page."""

    before: int | None = Field(default=None, ge=1)
    limit: int = Field(default=100, ge=1, le=1000)


class AuditExport(AuditFilter):
    """GET /audit/export."""

    format: Literal["json", "csv"] = "json"


class AuditWords(Schema):
    """GET /audit/words: what can be filtered by."""

    actors: list[str]
    areas: list[str]
