"""Where the digital patients come from: built in, XCAT, or imported label maps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Tag

from synthesis.specs.fields import Spec


class ThoraxSpec(Spec):
    """The built-in thorax."""

    kind: Literal["thorax"] = "thorax"


class XcatSpec(Spec):
    """Phantoms of the user's own licensed XCAT program."""

    kind: Literal["xcat"] = "xcat"


class LabelmapSpec(Spec):
    """Imported organ labels (Interfile, NIfTI, raw arrays) with an organ table."""

    kind: Literal["labelmap"] = "labelmap"


def _kind(value: Any) -> str:
    return str(value.get("kind", "") if isinstance(value, dict) else getattr(value, "kind", ""))


def _named(value: Any) -> Any:
    """Read the short form ``phantom = "thorax"``."""
    return {"kind": value} if isinstance(value, str) else value


PhantomSpec = Annotated[
    Annotated[ThoraxSpec, Tag("thorax")] | Annotated[XcatSpec, Tag("xcat")] | Annotated[LabelmapSpec, Tag("labelmap")],
    Discriminator(_kind),
    BeforeValidator(_named),
]
