"""The requests that `model.jobs` answers: what each kind asks for, validated before any work begins."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int = Field(default=1, ge=1, le=64, description="processor threads that torch may use")


class OsemRequest(BaseModel):
    """How OS-EM runs where a request asks for it; defaults as in `model.classical.osem.OsemSettings`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iterations: int = Field(default=10, ge=1, le=100)
    subsets: int = Field(default=6, ge=1, le=120)
    postfilter_fwhm_mm: float = Field(default=6.0, ge=0, le=50)


class InitialiseRequest(_Request):
    """Make a network's first weights from a seed; ``out`` is a folder, the file is named by its content.

    With ``shipped`` (a network's name or ``default``) the trained weights that come with the package are taken instead;
    ``network`` and ``seed`` mean nothing then.
    """

    kind: Literal["initialise"]
    task: str
    network: dict[str, JsonValue] | None = None
    seed: int = Field(default=0, ge=0, lt=2**31)
    shipped: str | None = None
    out: Path
    terms: str = ""


class ListShippedRequest(_Request):
    """List the trained networks that come with the package."""

    kind: Literal["list_shipped"]


class CheckWeightsRequest(_Request):
    """Check that a weights file fits a network and holds finite numbers only.

    Without ``network`` the task's network that has these tensors is looked for, the default one first.
    """

    kind: Literal["check_weights"]
    task: str
    network: dict[str, JsonValue] | None = None
    path: Path


class CompareWeightsRequest(_Request):
    """Say by how much the tensors of two weights files differ."""

    kind: Literal["compare_weights"]
    first: Path
    second: Path


class ReconstructRequest(_Request):
    """Reconstruct one study file; ``out`` is a compressed ``.npz`` (`model.reconstruction_job` lists its arrays).

    ``model`` is a trained network: the file ``weights``, or the ``shipped`` one of that name. With ``intervals`` the half-widths
    of its calibrated intervals are computed too, where its card has them (nine reconstructions instead of one).
    """

    kind: Literal["reconstruct"]
    study: Path
    method: Literal["osem", "model"]
    weights: Path | None = None
    shipped: str | None = None
    device: Literal["cpu", "cuda"] = "cpu"
    osem: OsemRequest = OsemRequest()
    intervals: bool = False
    out: Path


class TuneOsemRequest(_Request):
    """Choose OS-EM's iterations and post-filter by the body NRMSE on studies with a reference."""

    kind: Literal["tune_osem"]
    studies: list[Path] = Field(min_length=1)


class EvaluateRequest(_Request):
    """Score a model, or OS-EM where ``weights`` is ``"osem"``, on samples; ``out`` gets the answer as JSON."""

    kind: Literal["evaluate"]
    task: str
    weights: Path | Literal["osem"]
    studies: list[Path] = Field(min_length=1)
    osem: OsemRequest = OsemRequest()
    out: Path | None = None


Request = (
    InitialiseRequest
    | ListShippedRequest
    | CheckWeightsRequest
    | CompareWeightsRequest
    | ReconstructRequest
    | TuneOsemRequest
    | EvaluateRequest
)
REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])
