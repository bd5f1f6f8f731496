"""Routes of the way out: the proxy, and the check before and after joining."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.schemas_network import PreflightStart, PreflightView, ProxyChange, ProxyView
from contributor.services.network import Network
from contributor.services.preflight import Preflight
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer


def routes(network: Network, preflight: Preflight) -> APIBlueprint:
    """Bind the routes to their services."""
    api = blueprint("network")

    @api.get("/settings/proxy", responses={200: ProxyView})
    def get_proxy() -> Response:
        """Return the proxy in force; its password is not in it."""
        return answer(network.view())

    @api.put("/settings/proxy", responses={200: ProxyView})
    def set_proxy(body: ProxyChange) -> Response:
        """Go out through another proxy, or directly, from now on."""
        return answer(network.change(body))

    @api.get("/preflight", responses={200: PreflightView})
    def get_preflight() -> Response:
        """Return the check of late, or the one that runs."""
        return answer(preflight.view())

    @api.post("/preflight", responses={202: PreflightView})
    def start_preflight(body: PreflightStart) -> Response:
        """Look at everything that a training needs; nothing of the studies is sent."""
        return answer(preflight.start(body.invitation), 202)

    return api
