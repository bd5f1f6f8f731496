"""Routes of standing rules, of what training may take of this computer, and of the information sheet."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.information import information
from contributor.schemas_consent import (
    InformationView,
    ResourcesView,
    RuleList,
    RulePath,
    RuleView,
    RuleWish,
)
from contributor.services.resources import SiteResources
from contributor.services.rules import Rules
from fl_core.protocol.plan import Resources
from fl_core.views import Deleted
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer


def rule_routes(rules: Rules) -> APIBlueprint:
    """Bind the routes of the standing rules."""
    api = blueprint("rules")

    @api.get("/rules", responses={200: RuleList})
    def list_rules() -> Response:
        """List the standing rules."""
        return answer(RuleList(items=rules.all()))

    @api.post("/rules", responses={201: RuleView})
    def create_rule(body: RuleWish) -> Response:
        """Make a standing rule for the laboratory that this site is connected to."""
        return answer(rules.create(body), 201)

    @api.put("/rules/<rule_id>", responses={200: RuleView})
    def change_rule(path: RulePath, body: RuleWish) -> Response:
        """Change a rule: a new version, for requests that come from now on."""
        return answer(rules.change(path.rule_id, body))

    @api.post("/rules/<rule_id>/pause", responses={200: RuleView})
    def pause_rule(path: RulePath) -> Response:
        """Let a rule agree to nothing until it is resumed."""
        return answer(rules.set_active(path.rule_id, active=False))

    @api.post("/rules/<rule_id>/resume", responses={200: RuleView})
    def resume_rule(path: RulePath) -> Response:
        """Let a paused rule agree again."""
        return answer(rules.set_active(path.rule_id, active=True))

    @api.delete("/rules/<rule_id>", responses={200: Deleted})
    def delete_rule(path: RulePath) -> Response:
        """Delete a rule; what it agreed to stays agreed."""
        rules.delete(path.rule_id)
        return answer(Deleted(id=path.rule_id))

    return api


def resource_routes(resources: SiteResources) -> APIBlueprint:
    """Bind the routes of the caps, and of the sheet, which needs no service."""
    api = blueprint("resources")

    @api.get("/resources", responses={200: ResourcesView})
    def get_resources() -> Response:
        """Return what training may take of this computer."""
        return answer(resources.view())

    @api.put("/resources", responses={200: ResourcesView})
    def set_resources(body: Resources) -> Response:
        """Set what training may take of this computer."""
        return answer(resources.choose(body))

    @api.get("/information", responses={200: InformationView})
    def get_information() -> Response:
        """Return the information sheet for patients."""
        return answer(information())

    return api
