"""Renews the certificate that sites see at the gateway while the daemon runs, long before it ends."""

import logging

from fl_core.desk import Desk
from fl_core.trust.authority import Authority
from fl_core.trust.identity import load_certificate
from orchestrator.services.desk import SYSTEM
from orchestrator.services.trust_list import TrustList

logger = logging.getLogger(__name__)


class OwnCertificate:
    """Looks at the orchestrator's own certificate; the key stays."""

    def __init__(self, desk: Desk, *, authority: Authority, name: str, public_host: str, trust_list: TrustList) -> None:
        self._desk = desk
        self._authority = authority
        self._name = name
        self._public_host = public_host
        self._trust_list = trust_list

    def look(self) -> None:
        """Renew the certificate if it ends within 30 days; raises OSError when the disk refuses."""
        now = self._desk.now()
        if not self._authority.orchestrator_needs_renewal(self._public_host, now=now):
            return
        self._authority.renew_orchestrator(self._name, self._public_host, now=now)
        self._trust_list.write()  # with which the gateway reads its certificate again, told or not
        expires_at = load_certificate(self._authority.orchestrator_pem()).not_valid_after_utc
        with self._desk.database.begin() as tx:
            self._desk.journal.note(
                tx,
                actor=SYSTEM,
                action="certificate.own_renewed",
                details={"expires_at": expires_at.isoformat()},
            )
        logger.info("own certificate renewed", extra={"expires_at": expires_at.isoformat()})
