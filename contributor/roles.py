"""Who may do what in the hospital."""

from fl_core.web.account_routes import special_roles
from fl_core.web.roles import Roles

ROLES = Roles(
    order=("viewer", "professional", "administrator"),
    reading="viewer",
    acting="professional",
    special=special_roles(own="viewer", managing="administrator")
    | {
        "enrolment.start_enrolment": "administrator",
        "enrolment.leave": "administrator",
        "enrolment.renew_certificate": "administrator",
        "network.set_proxy": "administrator",
        "settings.set_notices": "administrator",
        "settings.test_notices": "administrator",
        "settings.set_daemon_settings": "administrator",
        "system.create_link": "administrator",
        "storage.change_storage": "administrator",
        "storage.remove_data": "administrator",
        "erasure.erase_patient": "administrator",
        "system.mark_seen": "viewer",
    },
)
"""A viewer looks; a professional adds scans, answers requests and uses models; an administrator also joins and leaves a
federation, manages the accounts, and decides where the data lie and whether they, or one patient's, are removed."""
