"""Routes of taking scans in: imports, details of a study, patients, the place of the data."""

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, ConfigDict

from contributor.schemas import StudyPath
from contributor.schemas_intake import (
    Erased,
    ErasureView,
    ErasureWish,
    ExpectedPatients,
    FolderToImport,
    ImportFileList,
    ImportFilesQuery,
    ImportList,
    ImportPath,
    ImportView,
    PatientList,
    PatientPath,
    PatientView,
    Received,
    Reconciliation,
    Removed,
    StorageChange,
    StorageRemoval,
    StorageView,
    StudyDetails,
)
from contributor.services.erasure import Erasures
from contributor.services.imports import Imports
from contributor.services.patients import Patients
from contributor.services.storage import Storage
from contributor.services.study_details import Details
from fl_core.views import ListQuery
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer, wanted


class HandedOver(BaseModel):
    """Multipart body: any number of files under the name `files`, each with its path below what was chosen."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    files: list[FileStorage]


def import_routes(imports: Imports) -> APIBlueprint:
    """Bind the routes of imports to their service."""
    api = blueprint("imports", "/imports")
    _add_life(api, imports)

    @api.get("", responses={200: ImportList})
    def list_imports(query: ListQuery) -> Response:
        """List the imports, newest first, in parts on request."""
        return answer(imports.part(wanted(query)))

    @api.post("", responses={201: ImportView})
    def open_import() -> Response:
        """Begin an import of files that are handed over next."""
        return answer(imports.open(), 201)

    @api.post("/folder", responses={201: ImportView})
    def import_folder_in_background(body: FolderToImport) -> Response:
        """Read a folder of this computer, with all its subfolders, in the background."""
        return answer(imports.add_folder(body.path), 201)

    @api.get("/<import_id>", responses={200: ImportView})
    def get_import(path: ImportPath) -> Response:
        """Return one import."""
        return answer(imports.get(path.import_id))

    @api.get("/<import_id>/files", responses={200: ImportFileList})
    def list_import_files(path: ImportPath, query: ImportFilesQuery) -> Response:
        """List what became of each file."""
        return answer(imports.files(path.import_id, wanted(query)))

    @api.post("/<import_id>/files", responses={200: Received})
    def hand_over_files(path: ImportPath, form: HandedOver) -> Response:
        """Hand over files; may be called again with more."""
        parts = request.files.getlist("files")
        size = request.content_length or 0
        given = ((part.filename or "file", part.stream) for part in parts)
        return answer(imports.receive(path.import_id, given, size=size))

    return api


def _add_life(api: APIBlueprint, imports: Imports) -> None:
    """Add the routes by which an import is begun, ended, gone on with and forgotten."""

    @api.post("/<import_id>/begin", responses={200: ImportView})
    def begin_import(path: ImportPath) -> Response:
        """Begin to read what was handed over."""
        return answer(imports.begin(path.import_id))

    @api.post("/<import_id>/cancel", responses={200: ImportView})
    def cancel_import(path: ImportPath) -> Response:
        """End an import; what it has added stays."""
        return answer(imports.cancel(path.import_id))

    @api.post("/<import_id>/resume", responses={200: ImportView})
    def resume_import(path: ImportPath) -> Response:
        """Go on with an import that ended early."""
        return answer(imports.resume(path.import_id))

    @api.delete("/<import_id>", responses={200: ImportView})
    def forget_import(path: ImportPath) -> Response:
        """Forget an import that is over, with its list of files; what it added stays."""
        return answer(imports.forget(path.import_id))


def details_routes(details: Details) -> APIBlueprint:
    """Bind the route of a study's details to its service."""
    api = blueprint("study_details", "/studies", tag="studies")

    @api.get("/<study_id>/details", responses={200: StudyDetails})
    def get_study_details(path: StudyPath) -> Response:
        """Return what was removed from a study, how it was acquired, and whether it may train."""
        return answer(details.of(path.study_id))

    return api


def erasure_routes(erasures: Erasures) -> APIBlueprint:
    """Bind the routes of erasing a patient to their service."""
    api = blueprint("erasure", "/studies", tag="studies")

    @api.get("/<study_id>/erasure", responses={200: ErasureView})
    def preview_erasure(path: StudyPath) -> Response:
        """Return what goes with the patient of a study, and what stays."""
        return answer(erasures.view(path.study_id))

    @api.post("/<study_id>/erasure", responses={200: Erased})
    def erase_patient(path: StudyPath, body: ErasureWish) -> Response:
        """Erase the patient of a study with everything made of the patient's studies; it cannot be undone."""
        return answer(erasures.erase(path.study_id, body.studies))

    return api


def patient_routes(patients: Patients) -> APIBlueprint:
    """Bind the routes of patients to their service."""
    api = blueprint("patients", "/patients")

    @api.get("", responses={200: PatientList})
    def list_patients() -> Response:
        """List the pseudonyms with their studies."""
        return answer(PatientList(items=patients.all()))

    @api.post("/reconcile", responses={200: Reconciliation})
    def reconcile_patients(body: ExpectedPatients) -> Response:
        """Compare a list of patients' numbers with the studies here; the list is not kept."""
        return answer(patients.reconcile(body.text))

    @api.post("/<patient>/withdraw", responses={200: PatientView})
    def withdraw_patient(path: PatientPath) -> Response:
        """Take every study of a patient out of use, now and later."""
        return answer(patients.withdraw(path.patient))

    @api.post("/<patient>/restore", responses={200: PatientView})
    def restore_patient(path: PatientPath) -> Response:
        """Undo the withdrawal of a patient."""
        return answer(patients.restore(path.patient))

    return api


def storage_routes(storage: Storage) -> APIBlueprint:
    """Bind the routes of the place of the data to their service."""
    api = blueprint("storage", "/storage")

    @api.get("", responses={200: StorageView})
    def get_storage() -> Response:
        """Return where studies, images and imports lie and how full it is."""
        return answer(storage.view())

    @api.put("", responses={200: StorageView})
    def change_storage(body: StorageChange) -> Response:
        """Set the limit and, while no study is here, the folder."""
        return answer(storage.change(body))

    @api.post("/removal", responses={200: Removed})
    def remove_data(body: StorageRemoval) -> Response:
        """Delete everything of patients; the audit keeps that it was done."""
        return answer(storage.remove_everything(body.studies))

    return api
