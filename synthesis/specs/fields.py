"""Types and the base class of a scenario's sections."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
)  # fmt: skip

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        message = f"the lower limit {value[0]} is above the upper limit {value[1]}"
        raise ValueError(message)
    return value


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
PositiveRange = Annotated[tuple[Positive, Positive], AfterValidator(_ordered)]
FractionRange = Annotated[tuple[Fraction, Fraction], AfterValidator(_ordered)]


def within(low: float, high: float) -> AfterValidator:
    """Return a check for a range field: neither limit may leave `low` to `high`."""

    def check(value: tuple[float, float]) -> tuple[float, float]:
        if not low <= value[0] <= value[1] <= high:
            message = f"the range {value[0]:g} to {value[1]:g} must lie between {low:g} and {high:g}"
            raise ValueError(message)
        return value

    return AfterValidator(check)


class Spec(BaseModel):
    """A section of a scenario: unknown keys are refused, values never change.

    `LATER` names fields that came after the first release of the section. While they hold their defaults they stay out
    of the scenario's digest, so that studies made before keep their identity; the defaults must therefore mean "as
    before".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    LATER: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _dump(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if info.context and info.context.get("identity"):
            fields = type(self).model_fields
            for name in self.LATER:
                if getattr(self, name) == fields[name].get_default(call_default_factory=True):
                    data.pop(name)
        return data
