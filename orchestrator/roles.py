"""Who may do what in the laboratory."""

from fl_core.web.account_routes import special_roles
from fl_core.web.roles import Roles

ROLES = Roles(
    order=("viewer", "manager"),
    reading="viewer",
    acting="manager",
    special={
        **special_roles(own="viewer", managing="manager"),
        "home.mark_seen": "viewer",
        "sessions.estimate_session": "viewer",
    },
)
"""A viewer sees everything and changes nothing but the own password, sign-ins and what she has read; an estimate changes
nothing."""
