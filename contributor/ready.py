"""What a child process tells of a scan that it made ready, parsed at the border."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Ready(BaseModel):
    """A file that may become a study (`model.intake.Prepared`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(pattern=r"^\.upload-[A-Za-z0-9_]+\.[a-z0-9]{2,5}$")
    suffix: str = Field(pattern=r"^\.[a-z0-9]{2,5}$")
    sha256: str
    size_bytes: int
    content: str
    task: str
    kind: str
    has_reference: bool
    has_attenuation: bool
    counts: float | None
    shape: list[int]
    geometry: str
    patient_key: str | None
    patient_from: str
    warnings: list[str]
    removed: list[str]
    quality: dict[str, JsonValue] | None = Field(
        description="`model.quality.QualityReport`; none where data are not checked"
    )
