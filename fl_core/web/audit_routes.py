"""Routes of the audit log, the same in both daemons: looked through, verified, handed over as a file."""

from collections.abc import Callable

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.audit_export import as_csv, as_json
from fl_core.audit_pdf import Cover, as_pdf
from fl_core.audit_views import AuditExport, AuditQuery, AuditSearch, AuditWords
from fl_core.records import Records
from fl_core.views import AuditCheck, AuditList
from fl_core.web.parsing import answer

_MIMETYPES = {"csv": "text/csv", "json": "application/json", "pdf": "application/pdf"}


def add_audit_routes(api: APIBlueprint, records: Records, owner: Callable[[], str]) -> None:
    """Add the routes below the group's address.

    Parameters
    ----------
    owner : whose log it is, as the head of a printed export names it
    """

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
        rows = records.every_audit(query.wanted())
        headers = {"Content-Disposition": f'attachment; filename="flomir-audit.{query.format}"'}
        if query.format == "pdf":
            cover = Cover(
                owner=owner(), language=query.language, check=records.verify_audit(), filtered=query.filters()
            )
            return Response(as_pdf(rows, cover), mimetype=_MIMETYPES["pdf"], headers=headers)
        write = as_csv if query.format == "csv" else as_json
        return Response(write(rows), mimetype=_MIMETYPES[query.format], headers=headers)

    @api.get("/verify", responses={200: AuditCheck})
    def verify_audit() -> Response:
        """Check the hash chain of the audit."""
        return answer(records.verify_audit())
