"""Which files of the user's decide a phantom, and what they hold: a scenario's digest knows only their names. Torch-free."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from model.errors import StudyFormatError
from model.io.interfile import interfile_data_file, read_interfile_header
from synthesis.phantoms.labelmap_files import format_of
from synthesis.specs.phantom import LabelmapSpec, PhantomSpec, XcatSpec

PAIRS = {".hdr": ".img", ".img": ".hdr"}  # NIfTI in two files


def phantom_files(spec: PhantomSpec) -> dict[str, Path]:
    """Return the files that `spec` names, by what they are for, with the data files behind Interfile and NIfTI headers."""
    if isinstance(spec, XcatSpec):
        return _named({"organ_table": spec.organ_table, "parameter_file": spec.parameter_file})
    if not isinstance(spec, LabelmapSpec):
        return {}
    maps = _named({"labels": spec.labels, "attenuation": spec.attenuation})
    data = {f"{name}_data": _data_file(path, spec) for name, path in maps.items()}
    return maps | {"organs": spec.organs} | _named(data)


def file_hashes(spec: PhantomSpec) -> dict[str, str] | None:
    """Return the SHA-256 of `phantom_files`, none for a phantom without; None if one of them cannot be read."""
    try:
        return {name: _sha256(path) for name, path in phantom_files(spec).items()}
    except OSError:
        return None


def _named(files: Mapping[str, Path | None]) -> dict[str, Path]:
    return {name: path for name, path in files.items() if path is not None}


def _data_file(path: Path, spec: LabelmapSpec) -> Path | None:
    """Return where the voxels lie that the header `path` describes, None where they are in the file itself."""
    kind = format_of(path, spec)
    if kind == "interfile":
        try:
            data = interfile_data_file(path, read_interfile_header(path))
        except (StudyFormatError, OSError):  # its reader says what is wrong
            return None
        return None if data == path else data
    ending = PAIRS.get(path.suffix.lower())
    return path.with_suffix(ending) if kind == "nifti" and ending is not None else None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
