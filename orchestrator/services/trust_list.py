"""Carries decisions about trust outside: the gateway's list, and the nodes that Flower lets in."""

import logging
import threading
from pathlib import Path

from fl_core.desk import Desk
from fl_core.errors import FlomirError
from fl_core.lifecycle import EnrolmentState
from fl_core.storage import lab_sites
from fl_core.storage.lab_sites import SiteRow
from fl_core.trust.identity import certificate_key, load_certificate, spki_pem
from fl_core.trust.trusted import write_trusted
from orchestrator.services.engine import Engine, Gateway

_LIVE = frozenset({EnrolmentState.PENDING, EnrolmentState.TRUSTED, EnrolmentState.SUSPENDED})
_GONE = frozenset({EnrolmentState.REVOKED, EnrolmentState.LEFT})

logger = logging.getLogger(__name__)


class TrustList:
    """Writes ``trusted.json`` and registers nodes; everything is derived from the database and can be repeated."""

    def __init__(self, desk: Desk, *, path: Path, gateway: Gateway, engine: Engine) -> None:
        self._desk = desk
        self._path = path
        self._gateway = gateway
        self._engine = engine
        self._lock = threading.Lock()

    def write(self) -> None:
        """Replace the list and tell the gateway; one that does not answer finds the file by itself within a second."""
        self.write_file()
        try:
            self._gateway.reload()
        except FlomirError as error:
            logger.warning("the gateway was not told of the new list", extra={"error": str(error)})

    def write_file(self) -> None:
        """Replace the list only (at the start, before there is a gateway)."""
        with self._lock:
            known = {state: lab_sites.fingerprints(self._desk.database, state) for state in EnrolmentState}
            gone = set().union(*(known[state] for state in _GONE))
            revoked = sorted(gone.difference(*(known[state] for state in _LIVE)))  # a key may have come back
            trusted, suspended = known[EnrolmentState.TRUSTED], known[EnrolmentState.SUSPENDED]
            write_trusted(self._path, trusted, revoked, suspended=suspended)

    def settle_nodes(self, *, again: bool = False) -> bool:
        """Register trusted sites that have no node yet (`again`: all of them), remove those of sites that are gone.

        A suspended site keeps its node: the engine never takes a removed key back, and the only way to it is the
        gateway, which is closed to the site.

        Returns whether everything is settled; what the engine cannot do now is to be tried again.
        """
        for row in lab_sites.sites(self._desk.database):
            try:
                if row.state == "trusted" and (again or row.node_id is None):
                    self._register(row)
                elif row.state in _GONE and row.node_id is not None:
                    self._engine.delete_node(row.node_id)
                    self._set_node(row.id, None)
            except FlomirError as error:
                logger.info("a node was not settled", extra={"site": row.id, "error": str(error)})
                return False
        return True

    def _register(self, row: SiteRow) -> None:
        if row.certificate_pem is None:
            return
        key = spki_pem(certificate_key(load_certificate(row.certificate_pem))).decode("ascii")
        node_id = self._engine.put_node(key, row.name)
        if node_id != row.node_id:
            self._set_node(row.id, node_id)

    def _set_node(self, site_id: str, node_id: str | None) -> None:
        with self._desk.database.begin() as tx:
            lab_sites.update_site(tx, site_id, {"node_id": node_id})
