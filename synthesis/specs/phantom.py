"""Where the digital patients come from: built in, XCAT, or imported label maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from synthesis.specs.fields import Positive, PositiveRange, Range, Spec

Axis = Literal["z", "y", "x"]
MuUnit = Literal["mm^-1", "cm^-1", "hu", "hu+1000"]


class ThoraxSpec(Spec):
    """The built-in thorax."""

    kind: Literal["thorax"] = "thorax"


class _OnThisMachine(Spec):
    """A section with settings of the machine: they do not count for the scenario's digest, and of a file only the name."""

    MACHINE: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _dump(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if info.context and info.context.get("identity"):
            data = {key: value for key, value in data.items() if key not in self.MACHINE}
            for key in data:
                value = getattr(self, key)
                data[key] = value.name if isinstance(value, Path) else data[key]
        return data


class XcatSpec(_OnThisMachine):
    """Phantoms of the user's own licensed XCAT program (`dxcat2`); its files are never copied.

    `program` may be left out: then the environment's FLOMIR_XCAT names it. `data_dir` holds XCAT's own files
    (``vmale50.nrb`` ...), by default beside the program. The volume reaches from `bottom_mm` above the feet over
    `height_mm`. Ranges are XCAT's published randomisation of a perfusion population; scales are relative, `heart_turn_deg`
    are standard deviations about y and z. `parameter_file` is the user's own (``general.samp.par``): its keys stand where
    neither the driver nor `options` sets them. `options` are keys of the parameter file that the driver does not set itself;
    `plus` passes on keys that only an extended program (XCAT+) knows. `organ_table` names XCAT's own integers of
    ``color_code = 1``; without it the driver asks for organs by integers of its own.
    """

    MACHINE: ClassVar[frozenset[str]] = frozenset({"program", "data_dir", "work_dir", "timeout_s"})

    kind: Literal["xcat"] = "xcat"
    program: Path | None = None
    data_dir: Path | None = None
    work_dir: Path | None = None
    parameter_file: Path | None = None
    timeout_s: float = Field(default=3600.0, gt=0)
    array_size: int = Field(default=128, ge=16, le=1024)
    pixel_mm: Positive = 4.42
    slice_mm: Positive | None = None
    bottom_mm: float = Field(default=884.0, ge=0.0)
    height_mm: Positive = 566.0
    array_order: Literal["auto", "x_fastest", "z_fastest"] = "auto"
    attenuation_unit: Literal["per_pixel", "per_cm"] = "per_pixel"
    organ_table: Path | None = None
    arms: bool = False
    breasts: bool = True
    torso_scale: PositiveRange = (0.9, 1.1)
    heart_scale: PositiveRange = (0.9, 1.1)
    diaphragm_cm: Range = (1.0, 3.0)
    ap_expansion_cm: Range = (0.3, 0.8)
    cardiac_phase: Range = (0.0, 1.0)
    respiratory_phase: Range = (0.0, 1.0)
    heart_turn_deg: tuple[float, float] = (10.0, 11.0)
    activity_factor: PositiveRange = (0.8, 1.2)
    options: dict[str, int | float | str] = Field(default_factory=dict)
    plus: dict[str, int | float | str] = Field(default_factory=dict)

    @property
    def thickness_mm(self) -> float:
        """Thickness of a slice; a pixel's edge unless it is set."""
        return self.slice_mm or self.pixel_mm

    @property
    def slices(self) -> int:
        """Number of slices."""
        return max(1, round(self.height_mm / self.thickness_mm))


class LabelmapSpec(_OnThisMachine):
    """Imported organ labels (Interfile, NIfTI, raw arrays) with an organ table.

    `labels`, `organs` and `attenuation` are paths, from the folder in which the command runs. `shape` and `voxel_mm` are
    (z, y, x); a raw array is little endian with x fastest. `flip` names axes that run against LPS (z to the head, y to
    the back, x to the patient's left). `centre` is what comes to the middle of the field of view: the left ventricle, the
    middle of the body, or a point (x, y, z) in mm from the middle of the file. `shift_mm` moves every patient at random
    by up to so much along x and y.
    """

    kind: Literal["labelmap"] = "labelmap"
    labels: Path
    organs: Path
    attenuation: Path | None = None
    attenuation_unit: MuUnit = "mm^-1"
    format: Literal["auto", "interfile", "nifti", "raw"] = "auto"
    shape: tuple[int, int, int] | None = None
    dtype: Literal["uint8", "int8", "uint16", "int16", "int32", "float32"] = "uint8"
    attenuation_dtype: Literal["uint8", "uint16", "int16", "float32", "float64"] = "float32"
    voxel_mm: tuple[Positive, Positive, Positive] | None = None
    flip: tuple[Axis, ...] = ()
    centre: Literal["heart", "body"] | tuple[float, float, float] = "heart"
    shift_mm: float = Field(default=6.0, ge=0.0, le=100.0)

    @model_validator(mode="after")
    def _shaped(self) -> Self:
        if self.shape is not None and not all(1 <= n <= 4096 for n in self.shape):
            message = f"every size must lie between 1 and 4096, got {self.shape}"
            raise ValueError(message)
        return self


def _kind(value: Any) -> str:
    return str(value.get("kind", "") if isinstance(value, dict) else getattr(value, "kind", ""))


def _named(value: Any) -> Any:
    """Read the short form ``phantom = "thorax"``."""
    return {"kind": value} if isinstance(value, str) else value


PhantomSpec = Annotated[
    Annotated[ThoraxSpec, Tag("thorax")] | Annotated[XcatSpec, Tag("xcat")] | Annotated[LabelmapSpec, Tag("labelmap")],
    Discriminator(_kind),
    BeforeValidator(_named),
]
