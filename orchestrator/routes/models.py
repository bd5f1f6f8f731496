"""Routes of the model registry."""

from flask import Response, send_file
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.file import FileStorage
from pydantic import Field

from fl_core.protocol.messages import Name
from fl_core.storage.incoming import pieces, receive
from fl_core.views import Deleted, ListQuery, Schema
from fl_core.web.parsing import answer, wanted
from orchestrator.routes.answers import blueprint
from orchestrator.schemas import (
    ModelBinList,
    ModelComparison,
    ModelFamilyView,
    ModelInitialise,
    ModelList,
    ModelPairPath,
    ModelPath,
    ModelView,
    Recommendation,
    Rename,
)
from orchestrator.services.model_bin import ModelBin
from orchestrator.services.model_family import ModelFamily
from orchestrator.services.models import Models


class ModelUpload(Schema):
    """POST /models: a safetensors file."""

    file: FileStorage = Field(description="a .safetensors file made for this task")
    name: Name
    task: str
    terms: str = Field(default="", max_length=4000, description="terms of use, kept in the card")


def model_routes(models: Models, bin_: ModelBin, family: ModelFamily, *, upload_limit_bytes: int) -> APIBlueprint:
    """Bind the routes of the registry to its services."""
    api = blueprint("models", "/models")
    _add_bin(api, bin_)
    _add_family(api, family)

    @api.get("", responses={200: ModelList})
    def list_models(query: ListQuery) -> Response:
        """List the models, newest first; a state is an origin (random, uploaded, shipped, round)."""
        return answer(models.part(wanted(query)))

    @api.get("/<model_id>", responses={200: ModelView})
    def get_model(path: ModelPath) -> Response:
        """Return one model with its card."""
        return answer(models.view(path.model_id))

    @api.post("", responses={201: ModelView})
    def upload_model(form: ModelUpload) -> Response:
        """Add a model from a file, after checking that it fits its task."""
        path = receive(pieces(form.file.stream), models.folder, limit_bytes=upload_limit_bytes, suffix=".safetensors")
        try:
            return answer(models.add_upload(path, name=form.name, task=form.task, terms=form.terms), 201)
        finally:
            path.unlink(missing_ok=True)

    @api.post("/initialise", responses={201: ModelView})
    def initialise_model(body: ModelInitialise) -> Response:
        """Make a randomly initialised model from a seed, or take the trained one that comes with the package."""
        return answer(models.initialise(body), 201)

    @api.patch("/<model_id>", responses={200: ModelView})
    def rename_model(path: ModelPath, body: Rename) -> Response:
        """Give a model another name."""
        return answer(models.rename(path.model_id, body.name))

    @api.delete("/<model_id>", responses={200: Deleted})
    def delete_model(path: ModelPath) -> Response:
        """Delete a model that no running session needs."""
        return answer(models.delete(path.model_id))

    @api.get("/<model_id>/weights")
    def get_model_weights(path: ModelPath) -> Response:
        """Return the weights as a safetensors file."""
        view = models.view(path.model_id)
        return send_file(
            models.take_along(view.id),
            mimetype="application/octet-stream",
            as_attachment=True,
            download_name=f"{view.sha256[:12]}.safetensors",
            etag=view.sha256,
        )

    return api


def _add_bin(api: APIBlueprint, bin_: ModelBin) -> None:
    @api.get("/bin", responses={200: ModelBinList})
    def list_deleted_models() -> Response:
        """List the deleted models that can be restored, the latest deleted first."""
        return answer(ModelBinList(items=bin_.all()))

    @api.post("/<model_id>/restore", responses={200: ModelView})
    def restore_model(path: ModelPath) -> Response:
        """Bring a deleted model back."""
        return answer(bin_.restore(path.model_id))

    @api.delete("/<model_id>/remains", responses={200: Deleted})
    def remove_model(path: ModelPath) -> Response:
        """Remove a deleted model's weights for good."""
        return answer(bin_.remove(path.model_id))

    @api.put("/<model_id>/recommended", responses={200: ModelView})
    def recommend_model(path: ModelPath, body: Recommendation) -> Response:
        """Make a model the recommended one of its task, or take that back."""
        return answer(bin_.recommend(path.model_id, is_recommended=body.recommended))


def _add_family(api: APIBlueprint, family: ModelFamily) -> None:
    @api.get("/<model_id>/family", responses={200: ModelFamilyView})
    def get_model_family(path: ModelPath) -> Response:
        """Return what a model came from and what was made of it."""
        return answer(family.of(path.model_id))

    @api.get("/<model_id>/compare/<other_id>", responses={200: ModelComparison})
    def compare_models(path: ModelPairPath) -> Response:
        """Return two models of a task and by how much their tensors differ."""
        return answer(family.compare(path.model_id, path.other_id))
