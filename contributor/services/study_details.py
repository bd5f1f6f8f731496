"""One study in detail: what was removed from it, how it was acquired, whether it may train and why not."""

import math
from typing import Any

from contributor.paths import SitePaths
from contributor.schemas_intake import GeometryView, KeptView, RemovedView, StudyDetails, WindowView
from contributor.services.patients import Patients
from contributor.services.studies import Studies
from fl_core.errors import NotFound
from fl_core.storage.database import Database
from fl_core.storage.site_patients import SourceStore
from fl_core.storage.site_studies import StudyRecord
from fl_core.views import NoteView
from model.errors import ModelError
from model.geometry import AcquisitionGeometry
from model.io.slices import read_slice_report
from model.io.study import StudyHeader, read_study_header
from model.task_spec import LOWEST_USABLE_COUNTS, SPECT

MOST_NOTES = 50


class Details:
    """Reads the head of a study's file."""

    def __init__(self, *, database: Database, paths: SitePaths, studies: Studies, patients: Patients) -> None:
        self._sources = SourceStore(database)
        self._paths = paths
        self._studies = studies
        self._patients = patients

    def of(self, study_id: str) -> StudyDetails:
        """Return everything about a study that is no image.

        Raises
        ------
        NotFound
            When there is no such study, or its file cannot be read.
        """
        record = self._studies.record(study_id)
        source = self._sources.find(study_id)
        header = self._header(record)
        told = self._slice_told(record) if header is None else header.provenance
        report = told.get("deidentification")
        inventory = report if isinstance(report, dict) else {}
        gone = self._patients.is_withdrawn(record.patient)
        has_attenuation = header is not None and header.has_attenuation
        return StudyDetails(
            study_id=study_id,
            source=str(told.get("source") or told.get("generator") or "unknown")[:80],
            patient_from="none" if source is None else source.patient_from,
            patient_withdrawn=gone,
            removed=[
                RemovedView(name=str(one["name"]), category=str(one["category"]), count=int(one["count"]))
                for one in inventory.get("removed", [])
            ],
            kept=[KeptView(name=str(one["name"]), reason=str(one["reason"])) for one in inventory.get("kept", [])],
            notes=[NoteView.model_validate(str(note)) for note in told.get("notes", [])][:MOST_NOTES],
            geometry=None if header is None else geometry_view(header.geometry),
            has_attenuation=has_attenuation,
            hindrances=hindrances(record, patient_withdrawn=gone),
            remarks=remarks(
                record, has_attenuation=has_attenuation, has_scatter=header is not None and header.has_scatter
            ),
        )

    def _header(self, record: StudyRecord) -> StudyHeader | None:
        if record.task != SPECT:
            return None
        try:
            return read_study_header(self._paths.studies / record.file)
        except (ModelError, OSError) as error:
            message = "the study's file cannot be read"
            raise NotFound(message) from error

    def _slice_told(self, record: StudyRecord) -> dict[str, Any]:
        try:
            return {"deidentification": read_slice_report(self._paths.studies / record.file).to_dict()}
        except ModelError as error:
            message = "the study's file cannot be read"
            raise NotFound(message) from error


def hindrances(record: StudyRecord, *, patient_withdrawn: bool) -> list[str]:
    """Return the codes of what keeps a study from training."""
    found = []
    if record.state == "unusable":
        found.append("quality" if record.problem_code.startswith("quality.") else "unusable")
    if patient_withdrawn:
        found.append("patient_withdrawn")
    elif record.state == "withdrawn":
        found.append("withdrawn")
    if not record.has_reference and record.task != SPECT:
        found.append("no_reference")
    return found


def remarks(record: StudyRecord, *, has_attenuation: bool, has_scatter: bool) -> list[str]:
    """Return the codes of what makes a study worth less."""
    if record.task != SPECT:
        return []
    found = []
    if not record.has_reference:
        found.append("no_reference")
    if not has_attenuation:
        found.append("no_attenuation")
    if not has_scatter:
        found.append("no_scatter")
    if record.counts is not None and record.counts < LOWEST_USABLE_COUNTS:
        found.append("few_counts")
    return found


def geometry_view(geometry: AcquisitionGeometry) -> GeometryView:
    """Return an acquisition in plain numbers; angles in degrees of the DICOM NM convention."""
    angles = geometry.angles_rad
    step = (angles[-1] - angles[0]) / max(1, len(angles) - 1)
    return GeometryView(
        views=len(angles),
        arc_deg=round(abs(math.degrees(angles[-1] - angles[0] + step)), 1),
        start_deg=round(math.degrees(angles[0]) % 360, 1),
        angles_rad=[float(angle) for angle in angles],
        nearest_mm=min(geometry.radius_mm),
        farthest_mm=max(geometry.radius_mm),
        bins=geometry.n_bins,
        rows=geometry.n_axial,
        bin_mm=geometry.bin_mm,
        row_mm=geometry.axial_mm,
        seconds_per_view=sum(geometry.duration_s) / len(geometry.duration_s),
        collimator=geometry.collimator.name,
        windows=[
            WindowView(name=one.name, lower_kev=one.lower_kev, upper_kev=one.upper_kev) for one in geometry.windows
        ],
        voxel_mm=list(geometry.grid.voxel_mm),
        volume_shape=list(geometry.volume_shape),
    )
