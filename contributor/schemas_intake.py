"""What the API says and accepts about taking scans in: imports, details of a study, patients, the place of the data."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contributor.schemas import WorkProblem
from fl_core.views import ListQuery, NoteView, PartOfList, Schema


class ImportView(Schema):
    """GET /imports, GET /imports/{id}, delta `import`: scans on their way in."""

    id: str
    state: Literal["receiving", "queued", "running", "done", "failed", "cancelled"]
    source: Literal["files", "folder"]
    folder: str | None = Field(description="the folder on this computer, where one was named")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    total: int | None = Field(description="files with a row, once all were looked for")
    waiting: int
    added: int
    duplicate: int
    refused: int
    left_out: dict[str, int] = Field(description="reason -> how many further files were no scans")
    code: str
    title: str = Field(description="what stopped it; empty where nothing did")
    detail: str
    advice: str
    can_resume: bool
    seconds_left: float | None


class ImportFileView(Schema):
    """One file of an import."""

    name: str = Field(description="path below the folder; it never leaves this computer")
    state: Literal["waiting", "added", "duplicate", "refused"]
    study_id: str | None
    code: str
    detail: str
    advice: str


class ImportList(PartOfList):
    """GET /imports, newest first."""

    items: list[ImportView]


class ImportFileList(PartOfList):
    """GET /imports/{id}/files."""

    items: list[ImportFileView]


class ImportPath(Schema):
    """An import in an address."""

    import_id: str = Field(max_length=60)


class ImportFilesQuery(ListQuery):
    """Which part of an import's files."""


class FolderToImport(Schema):
    """POST /imports/folder: a folder on this computer, with all its subfolders."""

    path: str = Field(min_length=1, max_length=4096)


class Received(Schema):
    """POST /imports/{id}/files."""

    files: int
    size_bytes: int


class RemovedView(Schema):
    """One kind of element that was not taken over from a scan."""

    name: str
    category: str
    count: int


class KeptView(Schema):
    """One kind of element that the study is built from."""

    name: str
    reason: str


class WindowView(Schema):
    """An energy window."""

    name: str
    lower_kev: float
    upper_kev: float


class GeometryView(Schema):
    """How a study was acquired."""

    views: int
    arc_deg: float = Field(description="from the first to the last view and one step on")
    start_deg: float
    angles_rad: list[float]
    nearest_mm: float = Field(description="smallest distance from the axis")
    farthest_mm: float
    bins: int
    rows: int
    bin_mm: float
    row_mm: float
    seconds_per_view: float
    collimator: str
    windows: list[WindowView]
    voxel_mm: list[float] = Field(description="z, y, x")
    volume_shape: list[int] = Field(description="z, y, x")


class StudyDetails(Schema):
    """GET /studies/{id}/details: what was removed, how it was acquired, whether it may train."""

    study_id: str
    source: str = Field(description="dicom, interfile, or another generator as its file names it")
    patient_from: str = Field(description="what the pseudonym is made of: site key, file, random or none")
    patient_withdrawn: bool
    removed: list[RemovedView]
    kept: list[KeptView]
    notes: list[NoteView]
    geometry: GeometryView | None
    has_attenuation: bool
    hindrances: list[str] = Field(description="codes of what keeps it from training; none: it may train")
    remarks: list[str] = Field(description="codes of what makes it worth less")


class PatientView(Schema):
    """GET /patients: one pseudonym and its studies."""

    patient: str
    studies: int
    usable: int
    newest_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class PatientList(Schema):
    """GET /patients."""

    items: list[PatientView]


class PatientPath(Schema):
    """A pseudonym in an address."""

    patient: str = Field(max_length=64, pattern="^P-[0-9A-F]{10}$")


class ExpectedPatients(Schema):
    """POST /patients/reconcile: a list as text, CSV or one number a line; it is answered and forgotten."""

    text: str = Field(min_length=1, max_length=4_000_000)


class ExpectedRow(Schema):
    """One patient of the list."""

    row: int
    given: str = Field(description="the number as the list has it; back to the page only")
    patient: str
    state: Literal["available", "missing", "withdrawn"]
    studies: int


class UnlistedRow(Schema):
    """A patient with studies here whom the list does not name."""

    patient: str
    studies: int
    names: list[str] = Field(description="file names of some of the studies")


class Reconciliation(Schema):
    """What a list and the studies here have in common."""

    column: str = Field(description="the column that was taken for the patient's number; empty without a heading")
    rows: list[ExpectedRow]
    unlisted: list[UnlistedRow]
    repeated: int = Field(description="lines that name a patient once more")
    unmatched: int = Field(description="studies whose patient cannot be told from a number")


class StorageView(Schema):
    """GET /storage, delta `storage`: where studies, images and imports lie."""

    folder: str
    chosen: Literal["settings", "page", "default"]
    studies: int
    used_bytes: int
    free_bytes: int
    models_bytes: int = Field(description="received models, in the program's own folder; no limit counts them")
    reserve_bytes: int
    quota_bytes: int | None
    level: Literal["ok", "low", "full"]


class StorageChange(Schema):
    """PUT /storage: the folder can be changed while no study is here."""

    folder: str | None = Field(default=None, max_length=4096, description="whole path; none: leave it")
    quota_bytes: int | None = Field(default=None, ge=1, le=2**50, description="none: no limit but the disk")


class StorageRemoval(Schema):
    """POST /storage/removal: delete everything of patients; the number of studies is said for confirmation."""

    studies: int = Field(ge=0)


class Removed(Schema):
    """What was deleted."""

    studies: int
    reconstructions: int
    imports: int


class ErasureSession(Schema):
    """A session that trained here while its agreement covered, or may have covered, the patient's studies."""

    session_id: str
    title: str
    updates: int = Field(description="updates of it that left this site")


class ErasureView(Schema):
    """GET /studies/{id}/erasure: what goes with the patient of this study, and what stays."""

    study_id: str
    patient: str | None = Field(description="pseudonym; none: the study is a patient of its own")
    studies: int
    files: int = Field(description="on the disk: studies, images, exports, files that were handed over")
    bytes: int
    reconstructions: int
    results: int = Field(description="comparisons on the own hold-out that rest, or may rest, on these studies")
    import_entries: int = Field(description="lines in lists of imports, with names of files")
    imports: int = Field(
        description="imports that go whole, with files that were handed over for them and not yet read"
    )
    sessions: list[ErasureSession] = Field(description="sessions whose models keep what they learned")
    problem: WorkProblem | None = Field(description="what keeps it from being done now")


class ErasureWish(Schema):
    """POST /studies/{id}/erasure: the number of the patient's studies is said for confirmation."""

    studies: int = Field(ge=1)


class Erased(Schema):
    """What was deleted; nothing of it names anybody."""

    studies: int
    files: int
    reconstructions: int
    results: int
    import_entries: int
