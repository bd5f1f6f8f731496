"""One acquisition that lies in files: how it is read, with the attenuation map and the reference that belong to it.

Torch-free.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from model.errors import ModelError
from model.io.companions import attach_map, attach_reference
from model.io.imported import ImportedStudy, with_note
from model.io.interfile_study import import_interfile
from model.io.notes import note


class FileKind(StrEnum):
    """What a file is by its first bytes."""

    STUDY = "study"
    DICOM = "dicom"
    INTERFILE = "interfile"
    NIFTI = "nifti"
    OTHER = "other"


@dataclass(frozen=True)
class Attenuation:
    """Where a scan's attenuation map comes from: the slices of one CT series, or one volume file.

    Parameters
    ----------
    paths : tuple of Path
    is_ct : bool
    given : bool
        The user named it: then it must fit. One that merely lies beside the scan is left out where it does not, with a
        note.
    note : str
    """

    paths: tuple[Path, ...]
    is_ct: bool
    given: bool = False
    note: str = ""


@dataclass(frozen=True)
class Scan:
    """One acquisition that can be read.

    Parameters
    ----------
    path : Path
        Its file; results are named after it.
    kind : FileKind
    attenuation : Attenuation or None
    reference : Path or None
        An image to learn from or to compare with.
    more : tuple of Path
        Further files of the same acquisition, where the camera wrote its windows or heads apart (DICOM).
    """

    path: Path
    kind: FileKind
    attenuation: Attenuation | None = None
    reference: Path | None = None
    more: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Its file and further ones."""
        return (self.path, *self.more)

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Everything that is read: its files, its attenuation map or CT, its reference."""
        maps = () if self.attenuation is None else self.attenuation.paths
        return (*self.files, *maps, *(() if self.reference is None else (self.reference,)))

    @property
    def map_file(self) -> str | None:
        """Name of the volume file with its attenuation map; it may name a patient and stays out of studies and notes."""
        return None if self.attenuation is None or self.attenuation.is_ct else self.attenuation.paths[0].name

    def load(self, *, site_key: bytes | None = None) -> ImportedStudy:
        """Read the scan; a gated one is summed over its gates.

        Parameters
        ----------
        site_key : bytes, optional
            The site's secret (16 bytes or more) under which a patient's number, or the key that a study file gives, becomes
            the study's ``patient_key``.

        Raises
        ------
        ModelError
            One sentence that says what is wrong.
        OSError
            If the file cannot be opened.
        """
        return self._with_companions(_load(self.files, self.kind, site_key))

    def load_gates(self) -> list[ImportedStudy]:
        """Read a gated scan gate by gate, in order; another one as `load` does. Raises as `load`."""
        if self.kind is not FileKind.DICOM:
            return [self.load()]
        from model.io.dicom import read_nm_gates

        return [self._with_companions(gate) for gate in read_nm_gates(self.files)]

    def _with_companions(self, imported: ImportedStudy) -> ImportedStudy:
        if self.attenuation is not None:
            imported = _with_attenuation(imported, self.attenuation)
        return imported if self.reference is None else attach_reference(imported, self.reference)


@dataclass(frozen=True)
class Skipped:
    """A file that is no scan.

    Parameters
    ----------
    path : Path
    reason : str
        Plain words.
    used : bool
        Whether it served a scan: raw data of a header, a CT slice, a map.
    """

    path: Path
    reason: str
    used: bool = False


def _load(files: tuple[Path, ...], kind: FileKind, site_key: bytes | None) -> ImportedStudy:
    match kind:
        case FileKind.STUDY:
            from model.io.known_study import read_known_study

            return read_known_study(files[0], site_key=site_key)
        case FileKind.INTERFILE:
            return import_interfile(files[0], site_key=site_key)
        case _:
            from model.io.dicom import read_nm

            imported: ImportedStudy = read_nm(files, site_key=site_key)
            return imported


def _with_attenuation(imported: ImportedStudy, attenuation: Attenuation) -> ImportedStudy:
    try:
        found = _attached(imported, attenuation)
    except (ModelError, OSError) as error:
        if attenuation.given:
            raise
        reason = error.message if isinstance(error, ModelError) else "a file is missing"
        return with_note(imported, note("map.not_used", reason=reason))
    return with_note(found, attenuation.note) if attenuation.note else found


def _attached(imported: ImportedStudy, attenuation: Attenuation) -> ImportedStudy:
    if not attenuation.is_ct:
        return attach_map(imported, attenuation.paths[0])
    from model.io.dicom import attach_ct

    return attach_ct(imported, list(attenuation.paths))
