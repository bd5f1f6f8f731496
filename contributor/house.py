"""The part of the wiring that is about the house itself: notices, the settings of the next start, what this program is."""

from contributor.paths import SitePaths
from contributor.routes.settings import House
from contributor.schemas_settings import NextStart, Notices, NoticesView
from contributor.services.connection import Connection
from contributor.services.network import Network
from contributor.services.next_start import SiteStart
from contributor.services.notice_kinds import KIND_OF
from contributor.services.notice_words import GERMAN
from contributor.settings import ContributorSettings
from fl_core.about import about
from fl_core.next_start import NextStartSettings
from fl_core.notices.sender import Sender
from fl_core.notices.settings import NoticeSettings, NoticeShapes
from fl_core.notices.words import in_german_too
from fl_core.page_settings import PageSettings


def make_house(
    page: PageSettings, settings: ContributorSettings, paths: SitePaths, *, connection: Connection, network: Network
) -> House:
    """Return what the routes of the settings call."""
    notices = NoticeSettings(
        settings=page, shapes=NoticeShapes(settings=Notices, view=NoticesView), secrets_file=paths.notice_secrets
    )
    started_with = NextStart.model_validate({name: getattr(settings, name) for name in NextStart.model_fields})
    return House(
        notices=notices,
        sender=Sender(
            settings=notices,
            page=page,
            kind_of=KIND_OF,
            sender=lambda: ("site", connection.record.site_name or "FLoMIR"),
            word=in_german_too(GERMAN),
            proxy=network.proxy,
        ),
        next_start=SiteStart(
            NextStartSettings(
                database=page.database,
                journal=page.journal,
                file=paths.settings,
                present=started_with,
                actor=page.actor,
            )
        ),
        about=lambda: about(settings.home),
    )
