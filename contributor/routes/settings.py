"""Routes of notices, of the settings of the next start, and of what this program is."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.schemas_settings import DaemonSettingsView, NextStart, NoticesChange, NoticesView
from contributor.services.next_start import SiteStart
from fl_core.about import About
from fl_core.notices.schemas import NoticeTest, NoticeTested
from fl_core.notices.sender import Sender
from fl_core.notices.settings import NoticeSettings
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer


@dataclass(frozen=True, kw_only=True)
class House:
    """What these routes call."""

    notices: NoticeSettings
    sender: Sender
    next_start: SiteStart
    about: Callable[[], About]


def routes(house: House) -> APIBlueprint:
    """Bind the routes to their services."""
    api = blueprint("settings")

    @api.get("/settings/notices", responses={200: NoticesView})
    def get_notices() -> Response:
        """Return who is told what; no secret is in it."""
        return answer(house.notices.view())

    @api.put("/settings/notices", responses={200: NoticesView})
    def set_notices(body: NoticesChange) -> Response:
        """Replace the settings of the notices."""
        return answer(house.notices.change(body))

    @api.post("/settings/notices/test", responses={200: NoticeTested})
    def test_notices(body: NoticeTest) -> Response:
        """Send one notice now."""
        return answer(house.sender.test(body.channel))

    @api.get("/settings/daemon", responses={200: DaemonSettingsView})
    def get_daemon_settings() -> Response:
        """Return what holds now and from the next start on."""
        return answer(house.next_start.view())

    @api.put("/settings/daemon", responses={200: DaemonSettingsView})
    def set_daemon_settings(body: NextStart) -> Response:
        """Change what holds from the next start on."""
        return answer(house.next_start.change(body))

    @api.get("/about", responses={200: About})
    def get_about() -> Response:
        """Say what this program is made of."""
        return answer(house.about())

    return api
