"""Write docs/settings.md from the settings classes: ``python -m tests.support.settings_page > docs/settings.md``."""

import sys

from contributor.settings import ContributorSettings
from fl_core.settings import DaemonSettings
from orchestrator.settings import OrchestratorSettings

DAEMONS: dict[str, type[DaemonSettings]] = {"Orchestrator": OrchestratorSettings, "Contributor": ContributorSettings}


def settings_page() -> str:
    """Return the page: one table a daemon, every field with its environment variable, default and description."""
    lines = [
        "# Settings",
        "",
        "Command line over environment over `settings.toml` in the daemon's home folder over these defaults.",
        "This page is written from the code by `make settings-page`.",
    ]
    for title, settings in DAEMONS.items():
        prefix = str(settings.model_config.get("env_prefix", ""))
        lines += ["", f"## {title}", "", "| setting | environment | default | meaning |", "|---|---|---|---|"]
        for name, field in settings.model_fields.items():
            default = "required" if field.is_required() else f"`{field.default}`"
            lines.append(f"| `{name}` | `{prefix}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
