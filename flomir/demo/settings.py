"""What a demonstration does, as one validated object."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

SITE_PROFILES = ("north", "east", "south", "west")
"""The data distributions of scenario `four-hospitals`; further contributors repeat them with other patients."""


class DemoSettings(BaseModel):
    """Parameters of `flomir demo`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contributors: int = Field(default=4, ge=1, le=8)
    rounds: int = Field(default=16, ge=1, le=200)
    local_epochs: int = Field(default=1, ge=1, le=50, description="few: momentum needs short rounds")
    studies: int = Field(default=12, ge=3, le=500, description="per site, its own hold-out among them")
    holdout: int = Field(default=12, ge=2, le=200, description="pooled hold-out, per site")
    validation: int = Field(default=3, ge=1, le=50, description="cases per site on which OSEM is tuned")
    seed: int = Field(default=0, ge=0)
    workdir: Path
    strategy: str = "fedavgm"

    def profile(self, index: int) -> str:
        """Return the data distribution of the contributor with this index."""
        return SITE_PROFILES[index % len(SITE_PROFILES)]

    def site_name(self, index: int) -> str:
        """Return the name a person reads."""
        repeat = index // len(SITE_PROFILES)
        return f"Site {self.profile(index).capitalize()}" + (f" {repeat + 1}" if repeat else "")
