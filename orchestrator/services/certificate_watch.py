"""Says once when a site's certificate ends soon: then the renewal that sites do by themselves did not work."""

from datetime import timedelta

from fl_core.desk import Desk
from fl_core.lifecycle import EnrolmentState
from fl_core.storage import lab_settings, lab_sites

SOON = timedelta(days=14)
KEY = "told_expiry"


class CertificateWatch:
    """Looks through the trusted sites; one line of the activity a certificate."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def look(self) -> None:
        """Tell of certificates that end within two weeks and were not told of."""
        soon = self._desk.now() + SOON
        ending = [
            row
            for row in lab_sites.sites(self._desk.database)
            if row.state is EnrolmentState.TRUSTED
            and row.certificate_expires_at is not None
            and row.certificate_expires_at < soon
        ]
        if not ending:
            return
        with self._desk.database.begin() as tx:
            told = lab_settings.get(tx.connection, KEY)
            present = {row.id: row.certificate_expires_at.isoformat() for row in ending if row.certificate_expires_at}
            if all(told.get(site_id) == at for site_id, at in present.items()):
                return
            for row in ending:
                if told.get(row.id) != present[row.id]:
                    day = present[row.id][:10]
                    self._desk.journal.tell(
                        tx,
                        kind="certificate",
                        text=f"The certificate of {row.name} ends on {day}.",
                        subject=row.id,
                        key="certificate.expires",
                        values={"name": row.name, "day": day},
                    )
            lab_settings.put(tx, KEY, dict(present), at=self._desk.now())
