"""The pages before sign-in speak the browser's language, and say of errors what the other pages say."""

import re
from pathlib import Path

import pytest

from fl_core.errors import CATALOGUE, NotTrusted
from fl_core.web import sign_in_words
from fl_core.web.sign_in_page import join_page, sign_in_page
from fl_core.web.sign_in_words import problem_words, words_for

PAGES = Path(__file__).parents[3] / "frontend" / "shared" / "src" / "i18n" / "problems.de.ts"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.5", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de;q=0.2,en;q=0.9", "en"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
        ("", "en"),
        (";;;", "en"),
    ],
)
def test_the_browsers_order_chooses_the_language(accepted: str, language: str) -> None:
    assert words_for({"HTTP_ACCEPT_LANGUAGE": accepted})["lang"] == language


def test_both_languages_have_every_word() -> None:
    assert sign_in_words._EN.keys() == sign_in_words._DE.keys()


def test_errors_are_worded_as_on_the_other_pages() -> None:
    told = PAGES.read_text()
    for code, (title, advice) in sign_in_words._PROBLEMS_DE.items():
        assert code in CATALOGUE
        line = next(line for line in told.splitlines() if line.strip().startswith(f'"{code}"'))
        assert re.findall(r'(?:title|advice): "([^"]+)"', line) == [title, advice]


def test_an_error_without_german_words_is_told_in_english() -> None:
    error = NotTrusted("no", code="auth.host")
    assert problem_words(error, sign_in_words._DE) == (error.entry.title, error.entry.advice)


def test_what_people_chose_is_escaped_in_either_language() -> None:
    for words in (sign_in_words._EN, sign_in_words._DE):
        page = join_page(
            words, "n", side="Orchestrator", name="<b>", role="manager", token='"><script>', shortest=12, problem="<i>"
        )
        assert not re.search(r"<b>|<script>|<i>", page)
        assert f'lang="{words["lang"]}"' in page
        assert words["role.manager"] in page
        assert words["how"] in sign_in_page(words, "n", side="Orchestrator")
