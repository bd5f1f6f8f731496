"""What the messages between the daemons refuse, whichever field it is in."""

import math
from types import UnionType
from typing import Union, get_args, get_origin

import pytest
from pydantic import AwareDatetime, ValidationError
from pydantic.fields import FieldInfo

from fl_core.protocol import messages
from fl_core.protocol.messages import SitePhase, SiteProgress, Wire, Withdrawal

MODELS = [kind for kind in vars(messages).values() if isinstance(kind, type) and issubclass(kind, Wire)]


def parts(annotation: object) -> list[object]:
    """Return a type, or the types of a union."""
    is_union = get_origin(annotation) in {Union, UnionType}
    return list(get_args(annotation)) if is_union else [annotation]


def is_moment(field: FieldInfo) -> bool:
    return any("datetime" in str(part).lower() for part in parts(field.annotation))


def test_every_moment_names_its_zone() -> None:
    moments = {f"{m.__name__}.{n}": f for m in MODELS for n, f in m.model_fields.items() if is_moment(f)}
    assert "Consent.valid_until" in moments
    for name, field in moments.items():
        assert AwareDatetime in parts(field.annotation), name


def test_a_moment_without_a_zone_is_refused() -> None:
    said = {"session_id": "s", "site_id": "a", "signed_at": "2031-01-01T00:00:00"}
    with pytest.raises(ValidationError, match="signed_at"):
        Withdrawal.model_validate(said)
    assert Withdrawal.model_validate(said | {"signed_at": "2031-01-01T00:00:00+01:00"}).signed_at.tzinfo is not None


@pytest.mark.parametrize("loss", [math.nan, math.inf, "NaN", "-Infinity"])
def test_a_number_that_json_does_not_have_is_refused(loss: object) -> None:
    said = {"session_id": "s", "round": 1, "phase": SitePhase.TRAINING, "fraction": 0.5, "loss": loss}
    with pytest.raises(ValidationError, match="loss"):
        SiteProgress.model_validate(said)
