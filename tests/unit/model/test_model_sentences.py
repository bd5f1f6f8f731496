"""Failures are told in whole sentences, on one line."""

import pytest

from model.sentences import counted, in_sentences


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (("there is no folder here", "Name another one."), "There is no folder here. Name another one."),
        (("There is none.", ""), "There is none."),
        (("lab.tar exists", "choose another name"), "lab.tar exists. Choose another name."),
        (("site_name: too short", "Correct it!"), "site_name: too short. Correct it!"),
        (("rounds: too few",), "rounds: too few."),
        (("a line\nand its second",), "A line and its second."),
        (("", " "), ""),
    ],
)
def test_parts_become_sentences_and_names_stay_as_they_are(parts: tuple[str, ...], line: str) -> None:
    assert in_sentences(*parts) == line


def test_a_number_agrees_with_its_noun() -> None:
    assert [counted(number, "study", "studies") for number in (0, 1, 2)] == ["0 studies", "1 study", "2 studies"]
