"""What this program is: version, licence, where its data lie, and what it is made of."""

import platform
import re
from importlib import metadata
from pathlib import Path

from fl_core.protocol.version import PROTOCOL
from fl_core.views import Schema

_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_UNKNOWN = "see the package"


class Component(Schema):
    """A library this program is made of."""

    name: str
    version: str
    licence: str


class About(Schema):
    """GET /about."""

    version: str
    protocol: str
    python: str
    licence: str
    home: str
    components: list[Component]


def software_version() -> str:
    """Return the installed version; "0" where the program runs without being installed."""
    try:
        return metadata.version("flomir")
    except metadata.PackageNotFoundError:
        return "0"


def about(home: Path) -> About:
    """Return it; libraries that are not installed are left out."""
    names = [
        found[0]
        for text in metadata.requires("flomir") or []
        if "extra ==" not in text and (found := _NAME.match(text))
    ]
    return About(
        version=software_version(),
        protocol=str(PROTOCOL),
        python=platform.python_version(),
        licence=_licence("flomir"),
        home=str(home),
        components=[component for name in sorted(names, key=str.lower) if (component := _component(name)) is not None],
    )


def _component(name: str) -> Component | None:
    try:
        return Component(name=name, version=metadata.version(name), licence=_licence(name))
    except metadata.PackageNotFoundError:
        return None


def _licence(name: str) -> str:
    found = metadata.metadata(name)
    if "License-Expression" in found:
        return str(found["License-Expression"])
    classified = [
        text.rpartition(" :: ")[2]
        for text in found.get_all("Classifier") or []
        if text.startswith("License ::") and text.count("::") > 1
    ]
    plain = found["License"].strip().partition("\n")[0][:60] if "License" in found else ""
    return ", ".join(classified) or plain or _UNKNOWN
