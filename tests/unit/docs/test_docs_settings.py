"""The settings page says what the code says."""

from pathlib import Path

from tests.support.settings_page import DAEMONS, home_of, settings_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "settings.md"


def test_the_settings_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run make settings-page"


def test_every_setting_has_a_description() -> None:
    for settings in DAEMONS.values():
        for name, field in settings.model_fields.items():
            assert field.description, f"{settings.__name__}.{name}"


def test_the_variable_of_the_data_folder_is_the_one_that_its_option_reads() -> None:
    for title in DAEMONS:
        assert f"| `home` | `{home_of(title).envvar}` |" in PAGE.read_text(encoding="utf-8")
