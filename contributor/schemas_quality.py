"""What the contributor's API says about the quality of studies."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from fl_core.views import Schema

QualityLevel = Literal["none", "information", "warning", "error"]


class QualityPicture(Schema):
    """A small image in grey values, or one or two curves."""

    kind: Literal["image", "curves"]
    caption: str = Field(description="key of the sentence under it")
    width: int
    height: int
    grey: str = Field(description="base64 of height * width bytes, row by row, 0 black to 255 white")
    marks: list[list[int]] = Field(description="row and column of marked pixels; index and 0 of marked points")
    curves: list[list[float]] = Field(description="what was measured, then what was expected")


class QualityCause(Schema):
    """What was found, in English; a page words it in its own language by the code and the numbers."""

    code: str
    text: str
    remedy: str
    numbers: dict[str, float]


class QualityFinding(QualityCause):
    """One thing that was found."""

    level: Literal["information", "warning", "error"]
    picture: QualityPicture | None


class QualityView(Schema):
    """GET /studies/{id}/quality: the findings, the most serious first."""

    study_id: str
    level: QualityLevel
    findings: list[QualityFinding]
    checked: list[str] = Field(description="names of the checks that were made")
    checked_at: datetime | None = Field(description="null where this kind of data is not checked")


class QualityGlanceView(Schema):
    """Level and number of findings of one study."""

    study_id: str
    level: QualityLevel
    findings: int
    cause: QualityCause | None = Field(description="why it may not train; null where quality does not forbid it")


class QualityList(Schema):
    """GET /quality: every study that was checked."""

    items: list[QualityGlanceView]
