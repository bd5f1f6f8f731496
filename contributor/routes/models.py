"""Routes of the received and shipped models and of the reconstructions made with them."""

import io

from flask import Response, send_file
from flask_openapi3.blueprint import APIBlueprint

from contributor.routes.answers import BINARY, volume
from contributor.schemas import (
    ModelPath,
    ReceivedModelList,
    ReceivedModelView,
    ReconstructionArrayPath,
    ReconstructionCreate,
    ReconstructionList,
    ReconstructionPath,
    ReconstructionView,
)
from contributor.schemas_results import ExportPath, HeartAxis, ReconstructionDetails, ShippedModelList
from contributor.services.heart_axis import HeartAxes
from contributor.services.models import ReceivedModels
from contributor.services.packages import package_of
from contributor.services.reconstructions import Reconstructions
from contributor.services.shipped import shipped_models
from fl_core.views import Deleted, ListQuery, PartQuery
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer, wanted


def model_routes(models: ReceivedModels) -> APIBlueprint:
    """Bind the routes of the models to their service."""
    api = blueprint("models", "/models")

    @api.get("", responses={200: ReceivedModelList})
    def list_models(query: PartQuery) -> Response:
        """List the models this site may use, newest first, in parts on request."""
        return answer(models.part(wanted(query)))

    @api.get("/shipped", responses={200: ShippedModelList})
    def list_shipped_models() -> Response:
        """List the trained networks that came with the program, the default first."""
        return answer(ShippedModelList(items=shipped_models()))

    @api.get("/<model_id>", responses={200: ReceivedModelView})
    def get_model(path: ModelPath) -> Response:
        """Return one model with its card."""
        return answer(models.get(path.model_id))

    @api.post("/<model_id>/fetch", responses={200: ReceivedModelView})
    def fetch_model(path: ModelPath) -> Response:
        """Bring the weights here and check them against their hash."""
        return answer(models.fetch(path.model_id))

    @api.get("/<model_id>/weights")
    def get_weights(path: ModelPath) -> Response:
        """Return the weights as a safetensors file."""
        view = models.get(path.model_id)
        return send_file(
            models.take_along(path.model_id),
            mimetype=BINARY,
            as_attachment=True,
            download_name=f"{view.sha256[:12]}.safetensors",
        )

    @api.delete("/<model_id>/weights", responses={200: ReceivedModelView})
    def remove_weights(path: ModelPath) -> Response:
        """Delete the weights here; the model stays in the list and can be fetched again."""
        return answer(models.remove(path.model_id))

    @api.get("/<model_id>/package")
    def get_package(path: ModelPath) -> Response:
        """Return the weights as a safetensors file with their card, as one archive."""
        package = package_of(models.take_along(path.model_id))
        return send_file(
            io.BytesIO(package.content), mimetype="application/zip", as_attachment=True, download_name=package.name
        )

    return api


def reconstruction_routes(reconstructions: Reconstructions, axes: HeartAxes) -> APIBlueprint:
    """Bind the routes of the reconstructions to their services."""
    api = blueprint("reconstructions", "/reconstructions")

    @api.get("", responses={200: ReconstructionList})
    def list_reconstructions(query: ListQuery) -> Response:
        """List the reconstructions, newest first, in parts on request."""
        return answer(reconstructions.part(wanted(query)))

    @api.post("", responses={202: ReconstructionView})
    def create_reconstruction(body: ReconstructionCreate) -> Response:
        """Reconstruct a study by OSEM and by the model, side by side."""
        return answer(reconstructions.create(body.study_id, body.model_id), 202)

    @api.get("/<reconstruction_id>", responses={200: ReconstructionView})
    def get_reconstruction(path: ReconstructionPath) -> Response:
        """Return one reconstruction."""
        return answer(reconstructions.get(path.reconstruction_id))

    @api.delete("/<reconstruction_id>", responses={200: Deleted})
    def remove_reconstruction(path: ReconstructionPath) -> Response:
        """Remove a reconstruction with its images and exports; the study stays."""
        return answer(reconstructions.remove(path.reconstruction_id))

    @api.get("/<reconstruction_id>/details", responses={200: ReconstructionDetails})
    def get_reconstruction_details(path: ReconstructionPath) -> Response:
        """Return the alarm's verdict, what the intervals promise, and the polar maps."""
        return answer(reconstructions.details(path.reconstruction_id))

    @api.put("/<reconstruction_id>/axis", responses={200: ReconstructionDetails})
    def set_heart_axis(path: ReconstructionPath, body: HeartAxis) -> Response:
        """Make the polar maps along an axis that a person shows, where the study does not say it."""
        return answer(axes.set(path.reconstruction_id, body))

    _bind_images(api, reconstructions)
    return api


def _bind_images(api: APIBlueprint, reconstructions: Reconstructions) -> None:
    @api.get("/<reconstruction_id>/export/<array>/<form>")
    def export_reconstruction(path: ExportPath) -> Response:
        """Return one image as DICOM, NIfTI or HDF5, marked as research."""
        file = reconstructions.export(path.reconstruction_id, path.array, path.form)
        return send_file(file, mimetype=BINARY, as_attachment=True, download_name=file.name)

    @api.get("/<reconstruction_id>/arrays/<array>")
    def get_reconstruction_array(path: ReconstructionArrayPath) -> Response:
        """Return one volume: little-endian float32, shape and spacing in the headers."""
        return volume(*reconstructions.array(path.reconstruction_id, path.array))
