"""What the UI API says and accepts about the settings that are made on the page."""

from pydantic import Field

from fl_core.views import Schema


class Limits(Schema):
    """GET and PUT /settings/limits: what is enough, and what is too much."""

    least_new_studies: int = Field(
        default=3, ge=1, le=100_000, description="new usable studies that make a site worth asking"
    )
    least_sites: int = Field(default=2, ge=1, le=1000, description="so many such sites are enough for a session")
    most_sites: int = Field(default=100, ge=1, le=1000, description="most sites in one session")
    most_sessions: int = Field(default=5, ge=1, le=200, description="most sessions that are not over at the same time")
