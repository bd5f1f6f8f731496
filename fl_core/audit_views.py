"""What both UI APIs accept and say about the audit log beyond its rows."""

from typing import Literal

from pydantic import AwareDatetime, Field

from fl_core.storage.audit import Wanted
from fl_core.views import Schema


class AuditQuery(Schema):
    """Which part of the audit: rows after a sequence number."""

    after: int = Field(default=0, ge=0)
    limit: int = Field(default=200, ge=1, le=1000)


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

    def filters(self) -> dict[str, str]:
        """Return what was filtered by, for people."""
        asked = self.model_dump(mode="json", include=set(AuditFilter.model_fields), exclude_none=True)
        return {name: str(value) for name, value in asked.items() if value}


class AuditSearch(AuditFilter):
    """GET /audit/search: newest first, page by page."""

    before: int | None = Field(default=None, ge=1)
    limit: int = Field(default=100, ge=1, le=1000)


class AuditExport(AuditFilter):
    """GET /audit/export."""

    format: Literal["json", "csv", "pdf"] = "json"
    language: Literal["en", "de"] = Field(default="en", description="of the printed form")


class AuditWords(Schema):
    """GET /audit/words: what can be filtered by."""

    actors: list[str]
    areas: list[str]
