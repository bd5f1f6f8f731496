"""What the contributor's API says and accepts about the way out of the hospital, and about the pre-flight check."""

from datetime import datetime
from typing import Literal

from pydantic import Field, SecretStr

from fl_core.protocol.messages import Json
from fl_core.views import Schema

Level = Literal["green", "amber", "red", "skipped"]


class ProxyView(Schema):
    """GET /settings/proxy; the password is never in it."""

    url: str = Field(description="empty: no proxy")
    username: str
    has_password: bool
    ca_file: str
    fixed: bool = Field(description="given by the environment or settings.toml, and cannot be changed here")


class ProxyChange(Schema):
    """PUT /settings/proxy; an absent password stays as it is while the address stays, an empty one is removed."""

    url: str = Field(default="", max_length=300)
    username: str = Field(default="", max_length=200)
    password: SecretStr | None = Field(default=None, max_length=500)
    ca_file: str = Field(default="", max_length=4096, description="path of a PEM file on this computer")


class PreflightStart(Schema):
    """POST /preflight: before the enrolment an invitation says what is looked for."""

    invitation: str = Field(default="", max_length=40_000)


class PreflightLine(Schema):
    """One thing that was looked at."""

    check: str = Field(description="what was looked at; stays the same")
    level: Level
    code: str = Field(description="what was found, by which a page words the line in its own language")
    values: Json
    text: str
    remedy: str = Field(description="what to do; empty where nothing is to be done")


class PreflightView(Schema):
    """GET /preflight, delta `preflight`: the lines so far."""

    state: Literal["never", "running", "done"]
    of: str = Field(description="address that was looked for; empty: none")
    started_at: datetime | None
    ended_at: datetime | None
    lines: list[PreflightLine]
    round_s: float | None = Field(description="estimated time of one round, in seconds")
