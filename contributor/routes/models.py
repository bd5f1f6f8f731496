"""Routes of the received models and of the reconstructions made with them."""

from flask import Response, send_file
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from contributor.routes.answers import BINARY, operation_id, volume
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
from contributor.services.models import ReceivedModels
from contributor.services.reconstructions import Reconstructions
from fl_core.web.parsing import answer


def model_routes(models: ReceivedModels) -> APIBlueprint:
    """Bind the routes of the models to their service."""
    api = APIBlueprint(
        "models",
        __name__,
        url_prefix="/api/v1/models",
        abp_tags=[Tag(name="models")],
        operation_id_callback=operation_id,
    )

    @api.get("", responses={200: ReceivedModelList})
    def list_models() -> Response:
        """List the models this site may use, newest first."""
        return answer(ReceivedModelList(items=models.all()))

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
            models.weights_path(path.model_id),
            mimetype=BINARY,
            as_attachment=True,
            download_name=f"{view.sha256[:12]}.safetensors",
        )

    return api


def reconstruction_routes(reconstructions: Reconstructions) -> APIBlueprint:
    """Bind the routes of the reconstructions to their service."""
    api = APIBlueprint(
        "reconstructions",
        __name__,
        url_prefix="/api/v1/reconstructions",
        abp_tags=[Tag(name="reconstructions")],
        operation_id_callback=operation_id,
    )

    @api.get("", responses={200: ReconstructionList})
    def list_reconstructions() -> Response:
        """List the reconstructions, newest first."""
        return answer(ReconstructionList(items=reconstructions.all()))

    @api.post("", responses={202: ReconstructionView})
    def create_reconstruction(body: ReconstructionCreate) -> Response:
        """Reconstruct a study by OSEM and by the model, side by side."""
        return answer(reconstructions.create(body.study_id, body.model_id), 202)

    @api.get("/<reconstruction_id>", responses={200: ReconstructionView})
    def get_reconstruction(path: ReconstructionPath) -> Response:
        """Return one reconstruction."""
        return answer(reconstructions.get(path.reconstruction_id))

    @api.get("/<reconstruction_id>/arrays/<array>")
    def get_reconstruction_array(path: ReconstructionArrayPath) -> Response:
        """Return one volume: little-endian float32, shape and spacing in the headers."""
        return volume(*reconstructions.array(path.reconstruction_id, path.array))

    return api
