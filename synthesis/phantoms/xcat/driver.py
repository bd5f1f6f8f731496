# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Run the user's XCAT program in a private folder, bounded in time, and hand over only whole results."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from synthesis.phantoms.xcat.errors import XcatFailed
from synthesis.phantoms.xcat.keys import KEYS, Value
from synthesis.phantoms.xcat.parameters import write_parameters
from synthesis.specs.phantom import XcatSpec

PROGRAM_VARIABLE = "FLOMIR_XCAT"
PREFIX = "flomir"
SPARE_BYTES = 16 * 2**20
QUOTED = 200  # characters of the program's last words that a message repeats


@dataclass(frozen=True)
class Installation:
    """Where the user's program and XCAT's own files are."""

    program: Path
    data_dir: Path


def find_installation(spec: XcatSpec) -> Installation:
    """Return the program that the scenario or the environment names.

    Raises
    ------
    XcatFailed
        None is named, it does not exist, or it must not be run.
    """
    named = spec.program or os.environ.get(PROGRAM_VARIABLE)
    if not named:
        message = "No XCAT program is named; XCAT is licensed software that you bring yourself."
        raise XcatFailed(
            "not_configured", message, f"Set {PROGRAM_VARIABLE} to the path of dxcat2, or program in [phantom]."
        )
    program = Path(named).expanduser().absolute()
    if not program.is_file():
        message = f"There is no XCAT program at {program}."
        raise XcatFailed("program_missing", message, f"Correct {PROGRAM_VARIABLE} or program in [phantom].")
    if not os.access(program, os.X_OK):
        message = f"The XCAT program {program.name} may not be run."
        raise XcatFailed("program_missing", message, "Make it executable: chmod u+x.")
    data_dir = (spec.data_dir or program.parent).expanduser().absolute()
    if not data_dir.is_dir():
        message = f"The folder of XCAT's own files, {data_dir}, does not exist."
        raise XcatFailed("data_missing", message, "Correct data_dir in [phantom].")
    return Installation(program, data_dir)


@contextmanager
def private_folder(spec: XcatSpec, installation: Installation) -> Iterator[Path]:
    """Yield an empty folder that only this user can read, with links to XCAT's own files; it is removed at the end.

    XCAT opens its files by short names in its working folder, so the links stand for them; nothing is copied. Folders
    that killed processes of this machine left behind are removed on the way.
    """
    parent = Path(spec.work_dir or tempfile.gettempdir())
    try:
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=f"{_folder_stem()}{os.getpid()}-", dir=parent))
    except OSError as error:
        message = f"No working folder for XCAT can be made: {error.strerror}."
        raise XcatFailed("disk_full", message, "Check space and permissions of the temporary folder.") from error
    try:
        _link(installation.data_dir, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder_stem() -> str:
    machine = "".join(c if c.isalnum() else "_" for c in platform.node())
    return f"flomir-xcat-{machine}-"


def _sweep(parent: Path) -> None:
    """Remove the folders of this machine's processes that are gone."""
    for left in parent.glob(f"{_folder_stem()}*"):
        owner = left.name.removeprefix(_folder_stem()).split("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _link(data_dir: Path, folder: Path) -> None:
    try:
        for entry in data_dir.iterdir():
            if not entry.name.startswith(PREFIX):
                (folder / entry.name).symlink_to(entry)
    except OSError as error:
        message = f"XCAT's own files cannot be linked into its working folder: {error.strerror}."
        raise XcatFailed("data_missing", message, "Check the permissions of XCAT's folder, and free space.") from error


@dataclass(frozen=True)
class Run:
    """What one finished run left in its folder."""

    activity: Path
    attenuation: Path
    log: Path


def run_xcat(
    installation: Installation,
    folder: Path,
    values: Mapping[str, Value],
    *,
    plus: Mapping[str, Value],
    name: str,
    voxels: int,
    timeout_s: float,
) -> Run:
    """Run the program once with `values`.

    Parameters
    ----------
    installation : Installation
    folder : Path
        From `private_folder`.
    values, plus : mapping
        Keys of the parameter file that differ from the defaults, and those of an extended program.
    name : str
        Stem of this run's files.
    voxels : int
        Of one volume, for the space that is needed.
    timeout_s : float

    Raises
    ------
    XcatFailed
        A missing file of XCAT, no space, a program that cannot start, takes too long or ends with an error.
    """
    _check_data(folder, values)
    _check_space(folder, voxels)
    parameters = folder / f"{PREFIX}-{name}.par"
    output = f"{PREFIX}-{name}"
    try:
        write_parameters(parameters, values, plus)
        code, words = _bounded([str(installation.program), parameters.name, output], folder, timeout_s)
    except subprocess.TimeoutExpired as error:
        message = f"XCAT was still running after {timeout_s:g} s and was stopped."
        raise XcatFailed("timeout", message, "Raise timeout_s in [phantom], or ask for fewer pixels.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(folder) from error
        message = f"XCAT could not be started: {error.strerror}."
        raise XcatFailed("not_started", message, "Check that the program is one for this system.") from error
    if code != 0:
        if "no space" in words.lower():
            raise _full(folder)
        ended = f"signal {-code}" if code < 0 else f"exit status {code}"
        said = f": {words}" if words else " and said nothing"
        message = f"XCAT ended with {ended}{said}."
        raise XcatFailed("exit", message, "Correct what it names; finished studies are kept.")
    return Run(folder / f"{output}_act_1.bin", folder / f"{output}_atn_1.bin", folder / f"{output}_log")


def _check_data(folder: Path, values: Mapping[str, Value]) -> None:
    for key in ("organ_file", "heart_base"):
        name = str(values.get(key, KEYS[key].default))
        if not (folder / name).exists():
            message = f"XCAT's own file {name} ({key}) is not in its folder."
            raise XcatFailed("data_missing", message, "Set data_dir in [phantom] to the folder of XCAT's .nrb files.")


def _check_space(folder: Path, voxels: int) -> None:
    if shutil.disk_usage(folder).free < 2 * 4 * voxels + SPARE_BYTES:
        raise _full(folder)


def _full(folder: Path) -> XcatFailed:
    free = shutil.disk_usage(folder).free / 1e6
    message = f"There is no space for XCAT's volumes: {free:.0f} MB are free in its working folder."
    return XcatFailed("disk_full", message, "Free some space, or set work_dir in [phantom] to a larger disk.")


def _bounded(command: list[str], folder: Path, timeout_s: float) -> tuple[int, str]:
    """Run `command` in a process group of its own; return its exit status and its last words."""
    words = folder / f"{PREFIX}-words.txt"
    with words.open("wb") as file:
        child = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = child.wait(timeout=timeout_s)
        except BaseException:  # too slow, or we are interrupted: nothing of it may outlive this call
            _end(child)
            raise
    said = words.read_bytes()[-2000:].decode("latin-1").split("\n")
    last = [" ".join(line.split()) for line in said if line.strip()]
    return code, (last[-1] if last else "")[:QUOTED].rstrip(".")


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the program's whole group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
