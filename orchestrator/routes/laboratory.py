"""Routes of the laboratory: data sets, jobs, and what they found."""

from pathlib import Path

import numpy as np
from flask import Response, send_file
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.file import FileStorage
from numpy.typing import NDArray
from pydantic import Field

from fl_core.storage.incoming import pieces, receive
from fl_core.views import Deleted, ListQuery, Schema
from fl_core.web.parsing import answer, wanted
from orchestrator.laboratory_schemas import (
    ComparisonCreate,
    EstimateView,
    FolderCreate,
    JobArrayPath,
    JobExportPath,
    JobList,
    JobLog,
    JobPath,
    JobResult,
    JobView,
    PicturePath,
    ReconstructionCreate,
    ScenarioAsked,
    ScenarioList,
    SetList,
    SetPath,
    SetView,
    StudyRowList,
    StudyRowsWanted,
    SynthesisCreate,
    TrainingCreate,
    UploadView,
)
from orchestrator.routes.answers import blueprint
from orchestrator.services.laboratory.laboratory import Laboratory
from orchestrator.services.laboratory.making import scenarios

OWN_PAGE = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What a page that a job wrote may do: look as it does, and nothing else."""
CACHED = "private, max-age=3600"


class ScanUpload(Schema):
    """POST /laboratory/uploads: a scan."""

    file: FileStorage = Field(description="a study file (.h5) or a DICOM NM file")


def laboratory_routes(laboratory: Laboratory, *, upload_limit_bytes: int) -> APIBlueprint:
    """Bind the routes of the laboratory to its services."""
    api = blueprint("laboratory", "/laboratory")
    _add_making(api, laboratory)
    _add_sets(api, laboratory)
    _add_starts(api, laboratory, upload_limit_bytes)
    _add_jobs(api, laboratory)
    _add_results(api, laboratory)
    return api


def _add_making(api: APIBlueprint, laboratory: Laboratory) -> None:
    @api.get("/scenarios", responses={200: ScenarioList})
    def list_scenarios() -> Response:
        """List the scenarios from which data can be made, with the schemas of the form."""
        return answer(scenarios())

    @api.post("/estimate", responses={200: EstimateView})
    def estimate_synthesis(body: ScenarioAsked) -> Response:
        """Say what a data set would cost in time and disk; takes some seconds."""
        return answer(laboratory.making.estimate(body))

    @api.post("/synthesis", responses={201: JobView})
    def create_synthesis(body: SynthesisCreate) -> Response:
        """Make a data set."""
        return answer(laboratory.jobs.get(laboratory.making.create(body)), 201)


def _add_sets(api: APIBlueprint, laboratory: Laboratory) -> None:
    sets = laboratory.sets

    @api.get("/sets", responses={200: SetList})
    def list_sets(query: ListQuery) -> Response:
        """List the data sets, newest first."""
        return answer(sets.part(wanted(query)))

    @api.post("/sets", responses={201: SetView})
    def register_set(body: FolderCreate) -> Response:
        """Take a folder of this computer as a data set, after checking it."""
        return answer(sets.register(body), 201)

    @api.get("/sets/<set_id>", responses={200: SetView})
    def get_set(path: SetPath) -> Response:
        """Return one data set with all that is known of it."""
        return answer(sets.view(path.set_id))

    @api.delete("/sets/<set_id>", responses={200: Deleted})
    def remove_set(path: SetPath) -> Response:
        """Forget a data set; studies that were made here are deleted."""
        return answer(sets.remove(path.set_id))

    @api.get("/sets/<set_id>/studies", responses={200: StudyRowList})
    def list_set_studies(path: SetPath, query: StudyRowsWanted) -> Response:
        """List the studies of a data set."""
        return answer(sets.studies(path.set_id, query))

    @api.get("/sets/<set_id>/page")
    def get_set_page(path: SetPath) -> Response:
        """Return the inspection page of a data set."""
        return _own_page(sets.page(path.set_id))

    @api.get("/sets/<set_id>/pictures/<int:number>")
    def get_set_picture(path: PicturePath) -> Response:
        """Return the small pictures of one study."""
        return send_file(sets.picture(path.set_id, path.number), mimetype="image/png")


def _add_starts(api: APIBlueprint, laboratory: Laboratory, upload_limit_bytes: int) -> None:
    @api.post("/trainings", responses={201: JobView})
    def create_training(body: TrainingCreate) -> Response:
        """Train on data sets of this computer."""
        return answer(laboratory.jobs.get(laboratory.trainings.create(body)), 201)

    @api.post("/comparisons", responses={201: JobView})
    def create_comparison(body: ComparisonCreate) -> Response:
        """Compare models and classical methods on a data set."""
        return answer(laboratory.jobs.get(laboratory.comparisons.create(body)), 201)

    @api.post("/uploads", responses={201: UploadView})
    def upload_scan(form: ScanUpload) -> Response:
        """Take in one scan to try a model on; the file is deleted once it is read."""
        trials = laboratory.reconstructions
        received = receive(pieces(form.file.stream), trials.uploads, limit_bytes=upload_limit_bytes, suffix=".part")
        try:
            return answer(trials.keep_upload(received, form.file.filename or "file"), 201)
        finally:
            received.unlink(missing_ok=True)

    @api.post("/reconstructions", responses={201: JobView})
    def create_reconstruction(body: ReconstructionCreate) -> Response:
        """Reconstruct one study by OSEM and by a model, side by side."""
        return answer(laboratory.jobs.get(laboratory.reconstructions.create(body)), 201)


def _add_jobs(api: APIBlueprint, laboratory: Laboratory) -> None:
    jobs = laboratory.jobs

    @api.get("/jobs", responses={200: JobList})
    def list_jobs(query: ListQuery) -> Response:
        """List the jobs, newest first; a training's curve and losses come with the single job."""
        return answer(jobs.part(wanted(query)))

    @api.get("/jobs/<job_id>", responses={200: JobView})
    def get_job(path: JobPath) -> Response:
        """Return one job with what was asked of it and all that it told."""
        return answer(jobs.get(path.job_id))

    @api.post("/jobs/<job_id>/cancel", responses={200: JobView})
    def cancel_job(path: JobPath) -> Response:
        """End a job; what is finished of it stays."""
        return answer(jobs.cancel(path.job_id))

    @api.post("/jobs/<job_id>/resume", responses={200: JobView})
    def resume_job(path: JobPath) -> Response:
        """Go on with a job that ended early."""
        return answer(jobs.resume(path.job_id))

    @api.delete("/jobs/<job_id>", responses={200: Deleted})
    def remove_job(path: JobPath) -> Response:
        """Forget a job with its files; data sets and models stay."""
        return answer(jobs.remove(path.job_id))

    @api.get("/jobs/<job_id>/log", responses={200: JobLog})
    def get_job_log(path: JobPath) -> Response:
        """Return the latest lines of a job's log."""
        return answer(jobs.log(path.job_id))

    @api.get("/jobs/<job_id>/result", responses={200: JobResult})
    def get_job_result(path: JobPath) -> Response:
        """Return what a finished job found."""
        return answer(laboratory.result(path.job_id))


def _add_results(api: APIBlueprint, laboratory: Laboratory) -> None:
    @api.get("/jobs/<job_id>/report")
    def get_job_report(path: JobPath) -> Response:
        """Return the report of a comparison."""
        return _own_page(laboratory.comparisons.report(path.job_id))

    @api.get("/jobs/<job_id>/arrays/<array>")
    def get_job_array(path: JobArrayPath) -> Response:
        """Return one image: little-endian float32, shape and spacing in the headers."""
        return _volume(*laboratory.reconstructions.array(path.job_id, path.array))

    @api.get("/jobs/<job_id>/export/<array>/<form>")
    def export_job_array(path: JobExportPath) -> Response:
        """Return one image as a file: DICOM, HDF5 or NIfTI."""
        file = laboratory.reconstructions.export(path.job_id, path.array, path.form)
        name = f"{path.job_id}-{file.name}"
        return send_file(file, mimetype="application/octet-stream", as_attachment=True, download_name=name)


def _own_page(path: Path) -> Response:
    return Response(path.read_text("utf-8"), mimetype="text/html", headers={"Content-Security-Policy": OWN_PAGE})


def _volume(array: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> Response:
    raw = np.ascontiguousarray(array, dtype="<f4")
    response = Response(raw.tobytes(), mimetype="application/octet-stream")
    response.headers["X-Flomir-Shape"] = ",".join(str(n) for n in raw.shape)
    response.headers["X-Flomir-Spacing"] = ",".join(f"{mm:g}" for mm in spacing_mm)
    response.headers["Cache-Control"] = CACHED
    return response
