"""Routes of the settings that are made on the page, of drain mode, and of what this program is."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.about import About
from fl_core.notices.schemas import NoticeTest, NoticeTested
from fl_core.notices.sender import Sender
from fl_core.notices.settings import NoticeSettings
from fl_core.web.parsing import answer
from orchestrator.routes.answers import blueprint
from orchestrator.schemas_settings import (
    DaemonSettingsView,
    DrainChange,
    DrainView,
    Limits,
    NextStart,
    NoticesChange,
    NoticesView,
    Retention,
)
from orchestrator.services.drain import Drain
from orchestrator.services.house_settings import HouseSettings
from orchestrator.services.next_start import LaboratoryStart


@dataclass(frozen=True, kw_only=True)
class House:
    """What these routes call."""

    settings: HouseSettings
    drain: Drain
    notices: NoticeSettings
    sender: Sender
    next_start: LaboratoryStart
    about: Callable[[], About]


def settings_routes(house: House) -> APIBlueprint:
    """Bind the routes to their services."""
    api = blueprint("settings")
    _add_settings(api, house)
    _add_notices(api, house)

    @api.get("/drain", responses={200: DrainView})
    def get_drain() -> Response:
        """Say whether nothing new starts, and what still runs."""
        return answer(house.drain.view())

    @api.put("/drain", responses={200: DrainView})
    def switch_drain(body: DrainChange) -> Response:
        """Switch drain mode on or off."""
        return answer(house.drain.switch(on=body.on))

    @api.get("/about", responses={200: About})
    def get_about() -> Response:
        """Say what this program is made of."""
        return answer(house.about())

    return api


def _add_settings(api: APIBlueprint, house: House) -> None:
    @api.get("/settings/limits", responses={200: Limits})
    def get_limits() -> Response:
        """Return what is enough and what is too much."""
        return answer(house.settings.limits())

    @api.put("/settings/limits", responses={200: Limits})
    def set_limits(body: Limits) -> Response:
        """Replace the limits."""
        return answer(house.settings.put("limits", body))

    @api.get("/settings/retention", responses={200: Retention})
    def get_retention() -> Response:
        """Return how long what is kept."""
        return answer(house.settings.get("retention", Retention))

    @api.put("/settings/retention", responses={200: Retention})
    def set_retention(body: Retention) -> Response:
        """Replace the times of keeping."""
        return answer(house.settings.put("retention", body))

    @api.get("/settings/daemon", responses={200: DaemonSettingsView})
    def get_daemon_settings() -> Response:
        """Return what holds now and from the next start on."""
        return answer(house.next_start.view())

    @api.put("/settings/daemon", responses={200: DaemonSettingsView})
    def set_daemon_settings(body: NextStart) -> Response:
        """Change what holds from the next start on."""
        return answer(house.next_start.change(body))


def _add_notices(api: APIBlueprint, house: House) -> None:
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
