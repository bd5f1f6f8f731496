"""Tells the laboratory that this site leaves, while it still has the certificate to say so with; leaving waits for nobody."""

import logging
from collections.abc import Callable

from contributor.peer_client import PeerClient
from contributor.preflight.words import line
from contributor.schemas_network import PreflightLine
from fl_core.errors import FlomirError, NotTrusted, PeerUnreachable
from fl_core.storage.site_connection import ConnectionRecord, ConnectionState

KNOWN_THERE: frozenset[ConnectionState] = frozenset({"connected", "reconnecting", "suspended", "protocol_mismatch"})
GONE_THERE = frozenset({"trust.revoked", "trust.unknown_certificate"})
ATTEMPTS = 2
"""The laboratory ends a leaving site's connections, at times before its answer is through; asked again, it refuses."""

logger = logging.getLogger(__name__)


class Farewell:
    """Says once that this site leaves; `client` makes a client that shows the site's certificate."""

    def __init__(self, client: Callable[[str], PeerClient]) -> None:
        self._client = client

    def say(self, record: ConnectionRecord) -> PreflightLine | None:
        """Tell the orchestrator and return what came of it; None where it does not know this site as its own.

        Takes at most a few seconds and raises nothing that could keep a site from leaving.
        """
        if record.state not in KNOWN_THERE:
            return None
        told = self._is_told(record.address or "")
        return line(
            "leave.told" if told else "leave.not_told", orchestrator=record.orchestrator or record.address or ""
        )

    def _is_told(self, address: str) -> bool:
        for _ in range(ATTEMPTS):
            try:
                client = self._client(address)
            except (FlomirError, OSError) as error:  # a proxy, key or certificate that cannot be used
                logger.warning("nobody was told of the leave", extra={"reason": type(error).__name__})
                return False
            try:
                client.leave()
            except PeerUnreachable as error:
                logger.info("the leave was not answered", extra={"code": error.code})
            except NotTrusted as error:
                return error.code in GONE_THERE
            except FlomirError as error:
                logger.warning("the leave was not taken", extra={"code": error.code})
                return False
            else:
                return True
            finally:
                client.close()
        return False
