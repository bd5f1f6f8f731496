"""Read an organ table: which code of a label map is which organ, of what tissue and with how much uptake.

A table is TOML (``[[organ]]`` with `code`, `organ`, `tissue` and, if wanted, `uptake`) or CSV with these four columns. A
row may name several codes and spans of them: ``code = [10, "20-29"]``, or ``10 20-29`` in CSV. Codes that stand for air
have the tissue ``air``.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synthesis.errors import PhantomInvalid
from synthesis.phantoms.imported.organs import ImportedOrgan, check_organs
from synthesis.phantoms.imported.resample import AIR, Indices

COLUMNS = ("code", "organ", "tissue", "uptake")
LARGEST_CODE = 65535
MAX_BYTES = 2**20
_SPAN = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
REMEDY = "A row holds code, organ, tissue and, if wanted, uptake."


@dataclass(frozen=True)
class OrganTable:
    """Organs and the codes of a label map that stand for them.

    Parameters
    ----------
    organs : tuple of ImportedOrgan
    position : mapping of code to position in `organs`; `AIR` for air
    """

    organs: tuple[ImportedOrgan, ...]
    position: dict[int, int]

    def index(self, codes: npt.NDArray[np.generic], source: str) -> Indices:
        """Return the position of the organ in every voxel of `codes`.

        Raises
        ------
        PhantomInvalid
            For a code without a row, or values that are no whole numbers.
        """
        whole = codes.astype(np.int64)
        if not np.array_equal(whole, codes):
            message = f"{source} holds values that are no whole numbers: it is no label map."
            raise PhantomInvalid(message, "Give the file of the labels, not the one of the activity.")
        present = np.unique(whole)
        unknown = [int(code) for code in present if int(code) not in self.position]
        if unknown:
            listed = ", ".join(map(str, unknown[:8])) + (" ..." if len(unknown) > 8 else "")
            message = f"{source} holds codes without a row in the organ table: {listed}."
            raise PhantomInvalid(message, "Add a row for each; a code for air has the tissue 'air'.")
        positions = np.array([self.position[int(code)] for code in present], dtype=np.int16)
        index: Indices = positions[np.searchsorted(present, whole)]
        return index


def read_organ_table(path: Path) -> OrganTable:
    """Read a table from a .toml or .csv file; code 0 is air unless a row says otherwise.

    Raises
    ------
    PhantomInvalid
        An unreadable file, a row that is not complete, a code named twice, or what `check_organs` refuses.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"The organ table {path.name} is larger than {MAX_BYTES} bytes."
            raise PhantomInvalid(message)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"The organ table {path.name} cannot be read: {type(error).__name__}."
        raise PhantomInvalid(message, "Check the path; the table is a UTF-8 .toml or .csv file.") from error
    organs: list[ImportedOrgan] = []
    position: dict[int, int] = {}
    for where, row in _rows(path.name, path.suffix.lower(), text):
        for code in _codes(row, where):
            if code in position:
                message = f"{where}: code {code} is named twice."
                raise PhantomInvalid(message, REMEDY)
            position[code] = _place(organs, row, where)
    if not organs:
        message = f"The organ table {path.name} names no organ."
        raise PhantomInvalid(message, REMEDY)
    check_organs(organs, path.name)
    return OrganTable(tuple(organs), {0: AIR} | position)


def _rows(name: str, suffix: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if suffix == ".toml":
        try:
            rows = tomllib.loads(text).get("organ", [])
        except tomllib.TOMLDecodeError as error:
            message = f"The organ table {name} is not valid TOML: {error}."
            raise PhantomInvalid(message, REMEDY) from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            message = f"The organ table {name} holds no list of [[organ]] tables."
            raise PhantomInvalid(message, REMEDY)
    elif suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(text), skipinitialspace=True, restkey="more"))
    else:
        message = f"The organ table {name} is neither .toml nor .csv."
        raise PhantomInvalid(message, REMEDY)
    for number, row in enumerate(rows, start=1):
        where = f"{name}, row {number}"
        strange = sorted(set(row) - set(COLUMNS))
        if strange:
            message = f"{where}: unknown column {strange[0]!r}."
            raise PhantomInvalid(message, REMEDY)
        yield where, {key: value for key, value in row.items() if value not in (None, "")}


def _codes(row: dict[str, Any], where: str) -> list[int]:
    written = row.get("code")
    parts: Any = written.replace(";", " ").split() if isinstance(written, str) else written
    codes = [code for part in (parts if isinstance(parts, list) else [parts]) for code in _span(part)]
    if not codes or None in codes:
        message = f"{where}: {written!r} is no code; codes are whole numbers from 0 to {LARGEST_CODE}, or 10-19."
        raise PhantomInvalid(message, REMEDY)
    return [code for code in codes if code is not None]


def _span(part: object) -> Sequence[int | None]:
    """Return the codes of one number or of a span ``first-last``; None for anything else."""
    found = _SPAN.fullmatch(str(part)) if isinstance(part, str) or type(part) is int else None
    if found is None:
        return [None]
    first, last = int(found[1]), int(found[2] or found[1])
    return range(first, last + 1) if first <= last <= LARGEST_CODE else [None]


def _place(organs: list[ImportedOrgan], row: dict[str, Any], where: str) -> int:
    """Return the position of the row's organ, added to `organs` where it is new."""
    key, tissue, uptake = row.get("organ"), row.get("tissue"), row.get("uptake")
    if tissue == "air":
        return AIR
    if not isinstance(key, str) or not isinstance(tissue, str) or key.startswith("lesion_"):
        message = f"{where}: organ and tissue must be named (names that begin with lesion_ are taken)."
        raise PhantomInvalid(message, REMEDY)
    try:
        organ = ImportedOrgan(key, tissue, None if uptake is None else float(uptake))
    except (TypeError, ValueError) as error:
        message = f"{where}: the uptake {uptake!r} is no number."
        raise PhantomInvalid(message, REMEDY) from error
    if organ not in organs:
        organs.append(organ)
    return organs.index(organ)
