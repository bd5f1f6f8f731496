"""A daemon in the desktop's menu and among its user's services: two files, written on request and removed again.

Linux: a desktop entry (freedesktop, Desktop Entry Specification) and a systemd user unit.
"""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from fl_core.trust.files import write_public

RESTART_S = 5
STOP_S = 40


@dataclass(frozen=True, slots=True)
class Desktop:
    """Where a user's menu and services are.

    Parameters
    ----------
    applications, units : Path
        Folders of desktop entries and of systemd user units.
    """

    applications: Path
    units: Path

    @classmethod
    def of_user(cls) -> "Desktop":
        """Return the folders of the user who runs this, by the XDG base directories."""
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return cls(data / "applications", config / "systemd" / "user")

    def entry(self, role: str) -> Path:
        """Return the file of a role's menu entry."""
        return self.applications / f"flomir-{role}.desktop"

    def unit(self, role: str) -> Path:
        """Return the file of a role's service."""
        return self.units / f"{unit_name(role)}"


def unit_name(role: str) -> str:
    """Return the name of a role's service for `systemctl --user`."""
    return f"flomir-{role}.service"


def write_entry(desktop: Desktop, role: str, *, title: str, comment: str, home: Path, icon: Path) -> Path:
    """Write the menu entry, which opens the page of the running daemon or starts one; returns its file.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    command = " ".join(_entry_word(word) for word in _command(role, "open", home))
    lines = {
        "Type": "Application", "Version": "1.0", "Name": title, "Comment": comment, "Exec": command,
        "Icon": str(icon).replace("\\", "\\\\"), "Terminal": "false", "Categories": "Science;MedicalSoftware;",
    }  # fmt: skip
    text = "[Desktop Entry]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())
    write_public(desktop.entry(role), text.encode())
    return desktop.entry(role)


def write_unit(desktop: Desktop, role: str, *, title: str, home: Path) -> Path:
    """Write the service, which runs the daemon without a window from sign-in on and again after a failure; returns its file.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    command = " ".join(_unit_word(word) for word in (*_command(role, "run", home), "--headless"))
    text = f"""[Unit]
Description={title}

[Service]
ExecStart={command}
Restart=on-failure
RestartSec={RESTART_S}
TimeoutStopSec={STOP_S}
UMask=0077
NoNewPrivileges=true

[Install]
WantedBy=default.target
"""
    write_public(desktop.unit(role), text.encode())
    return desktop.unit(role)


def serves(desktop: Desktop, role: str, home: Path) -> bool:
    """Tell whether a role's service is installed and runs the daemon of this home folder."""
    try:
        return f"{_unit_word('--home')} {_unit_word(str(home))}" in desktop.unit(role).read_text("utf-8")
    except OSError:
        return False


def remove(desktop: Desktop, role: str) -> list[Path]:
    """Remove both files; returns those that were there. The daemon's home folder stays."""
    found = [path for path in (desktop.entry(role), desktop.unit(role)) if path.exists()]
    for path in found:
        path.unlink()
    return found


def _command(role: str, verb: str, home: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "flomir", role, verb, "--home", str(home))


def _entry_word(word: str) -> str:
    """Quote an argument of Exec, then escape it as a value of the file (the specification's two layers)."""
    quoted = '"' + re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%") + '"'
    return quoted.replace("\\", "\\\\")


def _unit_word(word: str) -> str:
    """Quote an argument of ExecStart (systemd.service(5), command lines)."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
