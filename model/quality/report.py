"""What quality control found: findings with level, sentence, remedy, numbers and a picture; to and from JSON. Torch-free."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_PIXELS = 96  # along either side of a picture; larger ones are averaged down
VERSION = 2
"""Of the checks: a report of another version is made again where the study is at hand."""


class Level(StrEnum):
    """How serious a finding is: worth knowing, worth a look before use, or a study that may not train."""

    INFORMATION = "information"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Return 0, 1 or 2, the most serious last."""
        return list(Level).index(self)


@dataclass(frozen=True)
class Picture:
    """A small picture of a finding: an image in grey values, or curves over one axis.

    Parameters
    ----------
    kind : {"image", "curves"}
    caption : str
        Key of the sentence under it; the page says it in its language.
    width, height : int
        Of an image, in pixels; 0 for curves.
    grey : str
        Base64 of height * width bytes, row by row, 0 black to 255 white; empty for curves.
    marks : tuple of (row, column)
        Pixels of an image that the finding speaks of; for curves (index, 0) of the points.
    curves : tuple of tuple of float
        One or two of the same length: what was measured, then what was expected.
    """

    kind: str
    caption: str
    width: int = 0
    height: int = 0
    grey: str = ""
    marks: tuple[tuple[int, int], ...] = ()
    curves: tuple[tuple[float, ...], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "kind": self.kind, "caption": self.caption, "width": self.width, "height": self.height, "grey": self.grey,
            "marks": [list(mark) for mark in self.marks], "curves": [list(curve) for curve in self.curves],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Picture:
        """Read what `to_dict` wrote."""
        return cls(
            kind=str(data["kind"]), caption=str(data["caption"]), width=int(data["width"]), height=int(data["height"]),
            grey=str(data["grey"]), marks=tuple((int(row), int(column)) for row, column in data["marks"]),
            curves=tuple(tuple(float(v) for v in curve) for curve in data["curves"]),
        )  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that quality control found.

    Parameters
    ----------
    code : str
        Dotted and stable, e.g. ``motion.axial``; the page's German hangs on it.
    level : Level
    text, remedy : str
        One plain sentence each, in English.
    numbers : mapping of name to float
        What the sentence says, for the page's own sentence and for programs.
    picture : Picture, optional
    """

    code: str
    level: Level
    text: str
    remedy: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    picture: Picture | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; a number that is not finite is left out."""
        return {
            "code": self.code, "level": self.level.value, "text": self.text, "remedy": self.remedy,
            "numbers": {name: round(float(v), 6) for name, v in self.numbers.items() if math.isfinite(float(v))},
            "picture": None if self.picture is None else self.picture.to_dict(),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Read what `to_dict` wrote."""
        picture = data.get("picture")
        return cls(
            code=str(data["code"]), level=Level(data["level"]), text=str(data["text"]), remedy=str(data["remedy"]),
            numbers={str(name): float(v) for name, v in data["numbers"].items()},
            picture=None if picture is None else Picture.from_dict(picture),
        )  # fmt: skip


Findings = list[Finding] | None
"""What a check found; None where the study does not have the data that the check needs."""


@dataclass(frozen=True)
class QualityReport:
    """Everything that was found in one study, the most serious first.

    Parameters
    ----------
    findings : tuple of Finding
    checked : tuple of str
        Names of the checks that could be made; a check without its data (no attenuation map) is not among them.
    version : int
    """

    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()
    version: int = VERSION

    @property
    def level(self) -> Level | None:
        """The most serious level, None where nothing was found."""
        return max((finding.level for finding in self.findings), key=lambda level: level.rank, default=None)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings because of which the study may not train."""
        return tuple(finding for finding in self.findings if finding.level is Level.ERROR)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "version": self.version,
            "level": None if self.level is None else self.level.value,
            "findings": [finding.to_dict() for finding in self.findings],
            "checked": list(self.checked),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> QualityReport:
        """Read what `to_dict` wrote."""
        findings = tuple(Finding.from_dict(finding) for finding in data["findings"])
        return cls(findings, tuple(str(name) for name in data["checked"]), int(data["version"]))


def image_picture(
    image: npt.NDArray[Any], caption: str, marks: Sequence[tuple[int, int]] = (), *, flip: bool = True
) -> Picture:
    """Return a picture of (rows, columns); with `flip` the last row (towards the head) is on top.

    Grey runs from 0 to the 99.5th percentile, so that one hot pixel leaves the rest visible.
    """
    small, step = _reduced(np.asarray(image, dtype=np.float64))
    top = max(float(np.percentile(small, 99.5)), 1e-12)
    grey = np.clip(255 * small / top, 0, 255).astype(np.uint8)
    height, width = grey.shape
    places = [(row // step, column // step) for row, column in marks]
    if flip:
        grey, places = grey[::-1], [(height - 1 - row, column) for row, column in places]
    seen = tuple(dict.fromkeys((int(r), int(c)) for r, c in places if 0 <= r < height and 0 <= c < width))[:200]
    return Picture("image", caption, width, height, base64.b64encode(grey.tobytes()).decode(), seen)


def _reduced(image: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], int]:
    step = max(1, math.ceil(max(image.shape) / MOST_PIXELS))
    rows, columns = (n // step * step for n in image.shape)
    blocks = image[:rows, :columns].reshape(rows // step, step, columns // step, step)
    return blocks.mean(axis=(1, 3)), step


def curve_picture(caption: str, *curves: npt.ArrayLike, marks: Sequence[int] = ()) -> Picture:
    """Return a picture of one or two curves of the same length (what was measured, what was expected)."""
    rows = tuple(tuple(float(f"{v:.5g}") for v in np.asarray(curve, dtype=np.float64)) for curve in curves)
    return Picture("curves", caption, marks=tuple((int(mark), 0) for mark in marks), curves=rows)
