# ruff: noqa: EM101, EM102 (the codes of the errors are literals on purpose)
"""Read and write the study file: one patient acquisition in HDF5, strict, atomic, the same bytes every time.

Layout (schema 1), all volumes (z, y, x) in LPS, all projections (window, view, axial, bin):

====================  =========  ==============================================================================
``/projections``      float32    (W, V, Z, U) counts; attribute ``counts``: float64 (W,) sums
``/scatter``          float32    (W, V, Z, U) expected scatter, optional
``/attenuation``      float32    (Z, Y, X) mm^-1, optional
``/reference``        float32    (Z, Y, X) expected counts without attenuation; attribute ``kind``; optional
``/labels``           uint8      (Z, Y, X); attribute ``codes`` (JSON name -> code); optional
``/truth/aha``        uint8      (Z, Y, X) segment 1..17, 0 elsewhere; attributes ``heart``, ``defects`` (JSON)
``/truth/defects``    uint8      (Z, Y, X) 1 + index of the defect a voxel lies in, 0 elsewhere
``/geometry``         group      ``angles_rad``, ``radius_mm``, ``duration_s`` float64 (V,); attributes for the rest
``/provenance``       string     canonical JSON, no identifiers
====================  =========  ==============================================================================

The root carries ``format`` ("flomir-study") and ``schema_version``. Every violation is a `StudyFormatError` with a
code that begins with ``study.``. Torch-free.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from model.errors import ModelError, StudyFormatError, UnknownFields
from model.geometry import AcquisitionGeometry
from model.io.atomic import write_atomically
from model.io.study_records import (
    REFERENCE_KINDS,
    Defect,
    HeartFrame,
    Study,
    Truth,
    check_provenance,
    check_study,
)

FORMAT_NAME = "flomir-study"
SCHEMA_VERSION = 1
MAX_ELEMENTS = 2**28  # 1 GiB of float32: larger than any SPECT acquisition, small enough to stop a crafted file
_AXES = {"bin_axis": "u = (-cos theta, sin theta) in (x, y)", "axial_axis": "z, to the head"}

__all__ = [
    "SCHEMA_VERSION", "Defect", "HeartFrame", "Study", "StudyHeader", "Truth",
    "check_provenance", "read_study", "read_study_header", "write_study",
]  # fmt: skip


@dataclass(frozen=True)
class StudyHeader:
    """What a study file says about itself without loading a volume."""

    schema_version: int
    geometry: AcquisitionGeometry
    projections_shape: tuple[int, int, int, int]
    counts: tuple[float, ...]
    has_attenuation: bool
    has_scatter: bool
    has_labels: bool
    has_truth: bool
    reference_kind: str | None
    label_codes: Mapping[str, int]
    defects: tuple[Defect, ...]
    provenance: Mapping[str, Any]

    @property
    def has_reference(self) -> bool:
        """Whether the study carries an image to learn from."""
        return self.reference_kind is not None

    @property
    def total_counts(self) -> float:
        """Counts in the photopeak window."""
        return self.counts[0]


# ---------------------------------------------------------------- writing


def write_study(path: str | Path, study: Study) -> None:
    """Write `study` to `path` atomically; the same study gives the same bytes.

    Raises
    ------
    StudyFormatError
        If the study breaks a rule of the format; nothing is written then.
    OSError
        If the disk refuses.
    """
    check_study(study)
    write_atomically(Path(path), _image(study))


def _image(study: Study) -> bytes:
    """Return the file as bytes: HDF5 that fails to write to a full disk prints a trace for every object it holds."""
    with h5py.File("study", "w", driver="core", backing_store=False, libver="v110") as file:
        _write(file, study)
        file.flush()
        image: bytes = file.id.get_file_image()
    return image


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _dataset(group: Any, name: str, array: npt.NDArray[Any]) -> Any:
    chunks = tuple(min(n, 16) for n in array.shape[:-2]) + array.shape[-2:]
    return group.create_dataset(
        name, data=array, chunks=chunks, compression="gzip", compression_opts=2, shuffle=True, track_times=False
    )


def _write(file: Any, study: Study) -> None:
    file.attrs["format"] = FORMAT_NAME
    file.attrs["schema_version"] = np.int64(SCHEMA_VERSION)
    counts = study.projections.sum(axis=(1, 2, 3), dtype=np.float64)
    _dataset(file, "projections", study.projections).attrs["counts"] = counts
    for name in ("scatter", "attenuation", "reference", "labels"):
        array = getattr(study, name)
        if array is not None:
            _dataset(file, name, array)
    if study.reference is not None:
        file["reference"].attrs["kind"] = study.reference_kind
    if study.labels is not None:
        file["labels"].attrs["codes"] = _json(dict(study.label_codes))
    if study.truth is not None:
        group = file.create_group("truth")
        aha = _dataset(group, "aha", study.truth.aha)
        aha.attrs["heart"] = _json(study.truth.heart.to_dict())
        aha.attrs["defects"] = _json([d.to_dict() for d in study.truth.defects])
        _dataset(group, "defects", study.truth.defect_map)
    _write_geometry(file.create_group("geometry"), study.geometry)
    file.create_dataset("provenance", data=_json(dict(study.provenance)), dtype=h5py.string_dtype(), track_times=False)


def _write_geometry(group: Any, geometry: AcquisitionGeometry) -> None:
    data = geometry.to_dict()
    for name in ("angles_rad", "radius_mm", "duration_s"):
        group.create_dataset(name, data=np.asarray(data.pop(name), dtype=np.float64), track_times=False)
    group.attrs["description"] = _json(data)
    for name, value in _AXES.items():
        group.attrs[name] = value


# ---------------------------------------------------------------- reading


def read_study(path: str | Path) -> Study:
    """Read and check a whole study.

    Raises
    ------
    StudyFormatError
        Whatever is wrong with the file, with a stable code and both numbers.
    FileNotFoundError
        If there is no such file.
    """
    with _opened(path) as file:
        header = _header(file)
        truth = None
        if header.has_truth:
            heart = _parse(lambda: HeartFrame.from_dict(_json_attr(file["truth/aha"], "heart")), "heart")
            truth = Truth(heart, _array(file, "truth/aha"), header.defects, _array(file, "truth/defects"))
        study = Study(
            projections=_array(file, "projections"),
            geometry=header.geometry,
            attenuation=_array(file, "attenuation") if header.has_attenuation else None,
            scatter=_array(file, "scatter") if header.has_scatter else None,
            reference=_array(file, "reference") if header.has_reference else None,
            reference_kind=header.reference_kind,
            labels=_array(file, "labels") if header.has_labels else None,
            label_codes=header.label_codes,
            truth=truth,
            provenance=header.provenance,
        )
    check_study(study)
    found = study.projections.sum(axis=(1, 2, 3), dtype=np.float64)
    if not np.allclose(found, header.counts, rtol=1e-6, atol=1e-3):
        msg = f"the projections hold {found.tolist()} counts, the file's own sum says {list(header.counts)}"
        raise StudyFormatError("study.counts_differ", msg, "The file is damaged; copy it again from its source.")
    return study


def read_study_header(path: str | Path) -> StudyHeader:
    """Read geometry, sizes, counts and provenance; no volume is loaded.

    Raises
    ------
    StudyFormatError, FileNotFoundError
        As `read_study`, except for what only the values could show.
    """
    with _opened(path) as file:
        return _header(file)


@contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    if not Path(path).is_file():
        msg = f"no study file {Path(path).name}"
        raise FileNotFoundError(msg)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except ModelError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, UnicodeDecodeError) as error:
        msg = "the file cannot be read as HDF5 to its end; it is cut off, damaged or no study"
        raise StudyFormatError("study.unreadable", msg, "Copy or convert the file again.") from error


def _header(file: Any) -> StudyHeader:
    version = _schema_version(file)
    _only_plain_links(file)
    for name in ("projections", "geometry", "provenance"):
        if name not in file:
            msg = f"the study has no /{name}"
            raise StudyFormatError("study.missing_part", msg)
    projections = file["projections"]
    geometry = _read_geometry(file["geometry"])
    counts = np.atleast_1d(np.asarray(projections.attrs.get("counts", ()), dtype=np.float64))
    if projections.ndim != 4 or counts.shape != projections.shape[:1]:
        msg = f"/projections has shape {projections.shape} and {counts.size} sums, expected 4 axes and one sum a window"
        raise StudyFormatError("study.shape", msg)
    expected = (len(geometry.windows), *geometry.projection_shape)
    if projections.shape != expected:
        msg = f"/projections has shape {projections.shape}, the geometry says {expected}"
        raise StudyFormatError("study.shape", msg)
    provenance = _parse(lambda: json.loads(file["provenance"].asstr()[()]), "provenance")
    check_provenance(provenance)
    truth = "truth" in file
    return StudyHeader(
        schema_version=version,
        geometry=geometry,
        projections_shape=projections.shape,
        counts=tuple(counts.tolist()),
        has_attenuation="attenuation" in file,
        has_scatter="scatter" in file,
        has_labels="labels" in file,
        has_truth=truth,
        reference_kind=_read_kind(file["reference"]) if "reference" in file else None,
        label_codes=_read_codes(file["labels"]) if "labels" in file else {},
        defects=_parse(lambda: _read_defects(file), "defects") if truth else (),
        provenance=provenance,
    )


def _schema_version(file: Any) -> int:
    name, version = file.attrs.get("format"), file.attrs.get("schema_version")
    if name != FORMAT_NAME or not isinstance(version, np.integer):
        msg = f"the file does not say that it is a {FORMAT_NAME} of a numbered schema"
        raise StudyFormatError("study.not_a_study", msg)
    if version > SCHEMA_VERSION:
        msg = f"the study has schema {int(version)}, this version reads up to {SCHEMA_VERSION}"
        raise StudyFormatError("study.schema_too_new", msg, "Update this program.")
    if version < 1:
        msg = f"the study has schema {int(version)}, schemas begin with 1"
        raise StudyFormatError("study.not_a_study", msg)
    return int(version)


def _only_plain_links(group: Any) -> None:
    """Refuse links and storage that reach outside the file: a study must not read other files of this computer."""
    for name in group:
        link = group.get(name, getlink=True)
        item = group[name] if isinstance(link, h5py.HardLink) else None
        is_dataset = isinstance(item, h5py.Dataset)
        if item is None or (is_dataset and (item.is_virtual or item.external)):
            msg = "an item of the file points outside it"
            raise StudyFormatError("study.external_link", msg)
        if isinstance(item, h5py.Group):
            _only_plain_links(item)
        elif item.size is None or item.size > MAX_ELEMENTS:
            msg = f"an item of the file has {item.size} values, at most {MAX_ELEMENTS} are read"
            raise StudyFormatError("study.too_large", msg)


def _parse(read: Any, what: str) -> Any:
    """Return what `read` gives; an error repeats nothing of the file but numbers that are out of bounds."""
    try:
        return read()
    except StudyFormatError:
        raise
    except (ModelError, ValueError, TypeError, KeyError, AttributeError) as error:
        told = isinstance(error, ModelError) and not isinstance(error, UnknownFields)
        msg = (
            f"the study's {what} cannot be understood: {error if told else 'a field is missing, unknown or no number'}"
        )
        raise StudyFormatError(f"study.bad_{what}", msg) from error


def _json_attr(item: Any, name: str) -> Any:
    return _parse(lambda: json.loads(item.attrs[name]), name)


def _read_kind(reference: Any) -> str:
    kind = str(reference.attrs.get("kind", ""))
    if kind not in REFERENCE_KINDS:
        msg = f"the reference is of another kind than {', '.join(REFERENCE_KINDS)}"
        raise StudyFormatError("study.reference_kind", msg)
    return kind


def _read_codes(labels: Any) -> dict[str, int]:
    codes = _json_attr(labels, "codes")
    if not isinstance(codes, dict) or not all(type(code) is int and 0 <= code <= 255 for code in codes.values()):
        msg = "the table of labels does not give every name a code from 0 to 255"
        raise StudyFormatError("study.label_codes", msg)
    return codes


def _read_defects(file: Any) -> tuple[Defect, ...]:
    return tuple(Defect.from_dict(d) for d in _json_attr(file["truth/aha"], "defects"))


def _read_geometry(group: Any) -> AcquisitionGeometry:
    for name, value in _AXES.items():
        if group.attrs.get(name) != value:
            msg = f"the geometry's {name} is another one than {value!r}"
            raise StudyFormatError("study.bad_geometry", msg)

    def read() -> AcquisitionGeometry:
        data = dict(json.loads(group.attrs["description"]))
        for name in ("angles_rad", "radius_mm", "duration_s"):
            data[name] = [float(v) for v in group[name][()]]
        return AcquisitionGeometry.from_dict(data)

    geometry = _parse(read, "geometry")
    assert isinstance(geometry, AcquisitionGeometry)  # noqa: S101 (narrows the type for the checker)
    return geometry


def _array(file: Any, name: str) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = file[name][()]
    return array
