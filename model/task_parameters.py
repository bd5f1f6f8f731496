"""The parameters that each task lets a manager choose; their JSON schema draws the form. Torch-free."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TargetKind = Literal["phantom", "full-counts", "self-supervised"]
"""What a reconstruction learns from (`model.training.targets`)."""

USED_WITH: dict[str, tuple[TargetKind, ...]] = {
    "other_infarcts": ("phantom",),
    **dict.fromkeys(
        ("charbonnier_weight", "heart_weight", "region_weight", "contrast_weight"), ("phantom", "full-counts")
    ),
    "without_reference": (),  # of federations only: in a central training the kind itself decides
}
"""Parameters that not every kind of target uses in a central training, and the kinds that do."""


class TaskParameters(BaseModel):
    """What every task lets the manager choose; its JSON schema draws the form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local_epochs: int = Field(default=4, ge=1, le=50, title="Passes over the local data in one round")
    learning_rate: float = Field(default=2e-3, gt=0, le=1, title="Learning rate at the start")
    weight_decay: float = Field(default=1e-4, ge=0, le=1, title="Weight decay")
    grad_clip: float = Field(default=1.0, gt=0, le=1000, title="Largest gradient norm of one step")
    batch_size: int = Field(default=1, ge=1, le=64, title="Samples in one step")
    holdout_fraction: float = Field(default=0.2, ge=0, le=0.5, title="Share of patients kept for scoring")
    seed: int = Field(default=0, ge=0, lt=2**31, title="Seed of every random choice")


def _tell_used_with(schema: dict[str, Any]) -> None:
    for name, kinds in USED_WITH.items():
        schema["properties"][name]["used_with"] = list(kinds)


class SpectReconstructionParameters(TaskParameters):
    """Parameters of `spect-reconstruction`; their JSON schema tells `USED_WITH`, so that a form can leave fields out."""

    model_config = ConfigDict(json_schema_extra=_tell_used_with)

    batch_size: int = Field(
        default=1, ge=1, le=16, title="Samples in one step", description="Each is reconstructed by itself."
    )
    learning_rate: float = Field(
        default=4e-3, gt=0, le=1, title="Learning rate at the start", description="Reached after a few steps."
    )
    charbonnier_weight: float = Field(
        default=0.1, ge=0, le=10, title="Weight of the Charbonnier term", description="Added to the squared error."
    )
    heart_weight: float = Field(
        default=4.0,
        ge=0,
        le=100,
        title="Extra weight of the heart",
        description="Squared error in the heart region counts this many times more; keeps defects from filling in.",
    )
    region_weight: float = Field(
        default=0.0,
        ge=0,
        le=100,
        title="Weight of the segment means",
        description="Squared error of the mean of each heart segment and defect, where known; keeps defects from filling in.",
    )
    contrast_weight: float = Field(
        default=0.0,
        ge=0,
        le=100,
        title="Weight of the defects' contrast",
        description="Relative error of the contrast between defects and remote wall, where known; mild defects count fully.",
    )
    augment: bool = Field(
        default=False,
        title="Thin the counts at random",
        description="Each step sees a binomially thinned copy of the projections, as of a shorter scan.",
    )
    augment_least: float = Field(
        default=0.25,
        ge=0.01,
        le=1,
        title="Smallest share of the counts kept",
        description="The share is drawn evenly on a logarithmic scale from here to 1.",
    )
    augment_every: int = Field(
        default=4,
        ge=1,
        le=1000,
        title="Visits between two thinned copies",
        description="A copy costs a new classical start, about as much as a step; so each serves several visits.",
    )
    other_infarcts: float = Field(
        default=0.0,
        ge=0,
        le=1,
        title="Share of copies with other infarcts",
        description="A phantom's heart gets other infarcts, in image and counts; else a network learns each patient's by heart.",
    )
    without_reference: Literal["leave-out", "full-counts"] = Field(
        default="leave-out",
        title="Studies without a reference image",
        description="Leave them out, or learn the OSEM image of all their counts from at most half of them.",
    )
    bfloat16: bool = Field(
        default=False,
        title="Half precision inside the CNNs",
        description="Physics and weights stay in single precision; about twice as fast on processors made for it.",
    )

    @property
    def varies(self) -> bool:
        """Whether a network sees changed copies of a study."""
        return self.augment or self.other_infarcts > 0


class BrainSegmentationParameters(TaskParameters):
    """Parameters of `brain-segmentation`."""

    batch_size: int = Field(default=4, ge=1, le=64, title="Samples in one step")
    dice_weight: float = Field(default=1.0, ge=0, le=10, title="Weight of the Dice term")
    cross_entropy_weight: float = Field(default=1.0, ge=0, le=10, title="Weight of the cross-entropy term")
