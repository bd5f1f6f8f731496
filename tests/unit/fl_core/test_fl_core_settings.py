"""Settings: the command line over the environment over the file over the defaults; nothing unknown."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from fl_core.settings import DaemonSettings
from orchestrator.settings import OrchestratorSettings


def test_the_command_line_wins_over_environment_over_file_over_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text('name = "File"\nbind = "0.0.0.0"\nthreads = 32\n')
    monkeypatch.setenv("FLOMIR_ORCHESTRATOR_NAME", "Environment")
    monkeypatch.setenv("FLOMIR_ORCHESTRATOR_THREADS", "40")
    settings = OrchestratorSettings(home=tmp_path, threads=48)
    assert (settings.threads, settings.name, settings.bind) == (48, "Environment", "0.0.0.0")  # noqa: S104 - not bound
    assert settings.public_host == "127.0.0.1"


@pytest.mark.parametrize("line", ["surprise = 1", "threads = 1", "public_port = 70000", 'name = ""'])
def test_what_is_unknown_or_out_of_bounds_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings.toml").write_text(line)
    with pytest.raises(ValidationError):
        OrchestratorSettings(home=tmp_path)


def test_settings_cannot_be_changed_and_every_one_is_described(tmp_path: Path) -> None:
    settings = OrchestratorSettings(home=tmp_path)
    with pytest.raises(ValidationError):
        settings.name = "other"  # type: ignore[misc]
    for kind in (DaemonSettings, OrchestratorSettings):
        assert all(field.description for field in kind.model_fields.values())
