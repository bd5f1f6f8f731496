"""Promises about notes on a scan: each sentence has a code, and both it and the values can be read back from the sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import model
from model.io.notes import NOTES, Note, Value, note, read_note

WORDS: dict[str, Value] = {
    "name": "LEHR NM670",
    "collimator": "LEHR (GE)",
    "unit": "mg/cm3",
    "reason": "the map covers 0%, at least 50% are needed",
}
SOURCES = [path for path in Path(model.__file__).parent.rglob("*.py") if path.name != "notes.py"]


def _fields(code: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(NOTES[code]) if name is not None}


def _calls() -> Iterator[tuple[str, set[str]]]:
    """Yield the code and the values of every call in the sources; a code that is put together stands for several."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "note":
                values = {str(keyword.arg) for keyword in node.keywords}
                for code in _codes(node.args[0]):
                    yield code, values


def _codes(argument: ast.expr) -> list[str]:
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    if isinstance(argument, ast.JoinedStr):
        first = argument.values[0]
        assert isinstance(first, ast.Constant)
        return [f"{first.value!s}{how}" for how in ("placed", "centred")]
    return []  # passed on: `model.io.resampling.repeated_note`


@pytest.mark.parametrize("code", NOTES)
def test_a_sentence_is_read_back_with_its_code_and_its_values(code: str) -> None:
    values = {name: WORDS.get(name, float(3 + place)) for place, name in enumerate(sorted(_fields(code)))}
    text = note(code, **values)
    assert read_note(text) == Note(code, text, values)


def test_thousands_and_fractions_are_read_as_numbers() -> None:
    assert read_note("Only 81,234 counts; results will be noisy.").values == {"counts": 81234.0}
    made = note("ct.made", slices=3, energy_kev=140.5)
    assert read_note(made).values == {"slices": 3.0, "energy_kev": 140.5}


def test_a_sentence_of_another_version_stays_as_it_is() -> None:
    assert read_note("Something else was assumed.") == Note("", "Something else was assumed.")


def test_every_note_that_a_reader_makes_is_in_the_table_with_its_values() -> None:
    calls = list(_calls())
    assert len(calls) > 30
    assert [(code, values) for code, values in calls if code not in NOTES or values != _fields(code)] == []
    passed_on = {"ct.repeated", "map.repeated"}
    assert set(NOTES) == {code for code, _ in calls} | passed_on


def test_no_reader_notes_a_sentence_without_a_code() -> None:
    found = [
        (path.name, node.lineno)
        for path in SOURCES
        if "io" in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("notes.append", "with_note")
        and isinstance(node.args[-1], ast.Constant | ast.JoinedStr)
    ]
    assert found == []
