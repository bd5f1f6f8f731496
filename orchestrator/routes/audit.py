"""Routes of the audit log: looked through, verified, handed over as a file."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.views import AuditCheck, AuditList
from fl_core.web.parsing import answer
from orchestrator.routes.answers import blueprint
from orchestrator.schemas import AuditQuery
from orchestrator.schemas_audit import AuditExport, AuditSearch, AuditWords
from orchestrator.services.audit_export import as_csv, as_json
from orchestrator.services.records import Records


def audit_routes(records: Records) -> APIBlueprint:
    """Bind the routes to their service."""
    api = blueprint("audit", "/audit")

    @api.get("", responses={200: AuditList})
    def list_audit(query: AuditQuery) -> Response:
        """List the audit rows after a sequence number."""
        return answer(AuditList(items=records.audit_rows(after=query.after, limit=query.limit)))

    @api.get("/search", responses={200: AuditList})
    def search_audit(query: AuditSearch) -> Response:
        """List the audit rows that are looked for, newest first."""
        return answer(AuditList(items=records.find_audit(query.wanted(), before=query.before, limit=query.limit)))

    @api.get("/words", responses={200: AuditWords})
    def list_audit_words() -> Response:
        """List who has acted, and the first words of what was done."""
        actors, areas = records.actors_and_areas()
        return answer(AuditWords(actors=actors, areas=areas))

    @api.get("/export")
    def export_audit(query: AuditExport) -> Response:
        """Hand the audit rows that are looked for over as a file, oldest first."""
        write, mimetype = (as_csv, "text/csv") if query.format == "csv" else (as_json, "application/json")
        lines = write(records.every_audit(query.wanted()))
        headers = {"Content-Disposition": f'attachment; filename="flomir-audit.{query.format}"'}
        return Response(lines, mimetype=mimetype, headers=headers)

    @api.get("/verify", responses={200: AuditCheck})
    def verify_audit() -> Response:
        """Check the hash chain of the audit."""
        return answer(records.verify_audit())

    return api
