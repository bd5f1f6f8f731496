"""Put the Geant4 data into one folder, once, and link it into opengate: ``python -m synthesis.cluster.stage TARGET [--from PATH]``.

Data come from opengate's own downloader (the official archives), or from what the user brings: a folder of data sets,
one archive of such a folder, or a folder of the official archives.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import tarfile
from pathlib import Path

from synthesis.errors import SynthesisError
from synthesis.simulation.gate.data import FOLDERS, NEEDED, TAG_FILE, opengate_folder

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
PROBE_S = 20.0
DEPTH = 3  # folders above the data sets that an archive may have
SETS = tuple(FOLDERS.values())
SOURCE_HELP = "folder of data sets, archive of one, or folder of the official archives; by default they are downloaded"


class InstallBlocked(SynthesisError):  # noqa: N818 (named for what happened)
    """A step of the installation that needs the user's help."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("synthesis.install_blocked", message, remedy)


def missing_sets(folder: Path) -> list[str]:
    """Return which data sets are not in `folder`; one that is needed for photons counts only with files in it."""
    needed = {FOLDERS[name] for name in NEEDED}
    return [name for name in SETS if not (folder / name).is_dir() or (name in needed and _is_empty(folder / name))]


def _is_empty(folder: Path) -> bool:
    return next((path for path in folder.rglob("*") if path.is_file()), None) is None


def stage(target: Path, source: Path | None) -> bool:
    """Make `target` hold all data sets; return False if it did already.

    Raises
    ------
    InstallBlocked
        No internet, a broken archive, data of another Geant4 version, no space, no permission.
    """
    if not missing_sets(target):
        return False
    part = target.with_name(f".{target.name}.part")
    try:
        if source is not None and source.is_dir() and (found := _find_sets(source)) is not None:
            _refuse_incomplete(found, source)
            _replace_link(target, found)
            return True
        part.mkdir(parents=True, exist_ok=True)
        _fill(part, source)
        found = _find_sets(part) or part
        _refuse_incomplete(found, source or part)
        if target.is_symlink():
            target.unlink()
        elif target.is_dir():
            shutil.rmtree(target)
        found.replace(target)
        shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        message = f"The Geant4 data cannot be put into {target}: {error.strerror or type(error).__name__}."
        remedy = "Check permissions, free space (`df -h`) and your quota (`quota -s`), or choose another PREFIX, then run again."
        raise InstallBlocked(message, remedy) from error
    return True


def _fill(part: Path, source: Path | None) -> None:
    if source is None:
        _download(part)
        return
    if not source.exists():
        message = f"{source} does not exist."
        raise InstallBlocked(message, "Check the path given with --g4data.")
    archives = (
        sorted(path for path in source.iterdir() if path.name.endswith(ARCHIVES)) if source.is_dir() else [source]
    )
    if not archives:
        message = f"{source} holds neither Geant4 data sets ({FOLDERS['G4LEDATA']} ...) nor archives of them."
        raise InstallBlocked(message, "Give the folder that holds them, or their archive.")
    for archive in archives:
        _unpack(archive, part)


def _unpack(archive: Path, part: Path) -> None:
    """Unpack one archive into a fresh folder, so that a broken one leaves nothing behind."""
    fresh = part / f".unpack-{archive.name}"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):  # Python 3.11.4 and later
                tar.extractall(fresh, filter="data")
            else:
                tar.extractall(fresh)  # noqa: S202 - the user's own archive
    except (tarfile.TarError, EOFError, ValueError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        message = f"The archive {archive.name} is broken: {error or type(error).__name__}."
        raise InstallBlocked(message, "Copy or download it again; compare its checksum with the original's.") from error
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    found = _find_sets(fresh) or fresh
    for path in found.iterdir():
        shutil.rmtree(part / path.name, ignore_errors=True)
        path.replace(part / path.name)
    shutil.rmtree(fresh, ignore_errors=True)


def _download(part: Path) -> None:
    """Let opengate fetch the official archives; sets of an earlier try are kept."""
    os.environ["GATEONRTD"] = "1"  # otherwise the import below looks for the data itself
    setup = importlib.import_module("opengate_core.g4DataSetup")
    setattr(setup, "get_g4_data_folder", lambda: part)  # noqa: B010 - the module is untyped and has no setting for it
    wanted = {name: FOLDERS[name] for name in FOLDERS if not (part / FOLDERS[name]).is_dir()}
    try:
        setup.requests.head(
            setup.data_packages["G4LEDATA"], timeout=PROBE_S
        )  # the downloader itself tries for a minute
        for number, name in enumerate(wanted):
            setup.download_g4_one_data_folder(number, setup.data_packages[name], len(wanted))
    except (OSError, tarfile.TarError) as error:
        if isinstance(error, OSError) and error.errno is not None and type(error).__module__ == "builtins":
            raise
        urls = "\n  ".join(setup.data_packages[name] for name in wanted if not (part / FOLDERS[name]).is_dir())
        message = f"The Geant4 data cannot be downloaded: {type(error).__name__}."
        remedy = (
            "Run this on a login node with internet access. Without one, fetch these archives elsewhere, put them into one "
            f"folder and give it with --g4data FOLDER:\n  {urls}"
        )
        raise InstallBlocked(message, remedy) from error


def _find_sets(folder: Path) -> Path | None:
    """Return the folder that holds the needed data sets: `folder` or one a little below it."""
    levels = [folder]
    for _ in range(DEPTH):
        for place in levels:
            if (place / FOLDERS["G4LEDATA"]).is_dir():
                return place
        levels = sorted(path for place in levels for path in place.iterdir() if path.is_dir() and not path.is_symlink())
    return None


def _refuse_incomplete(folder: Path, source: Path) -> None:
    missing = missing_sets(folder)
    if missing:
        message = f"{source} does not hold the Geant4 data of this version: {', '.join(missing)} missing."
        raise InstallBlocked(message, "Bring the data of Geant4 11.4.0, as opengate 10.1.1 asks for.")


def _replace_link(target: Path, found: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or not target.exists():
        fresh = target.with_name(f".{target.name}.link")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(found.resolve())
        fresh.replace(target)
        return
    message = f"{target} is there and incomplete."
    raise InstallBlocked(message, "Remove it and run again.")


def link(target: Path) -> bool:
    """Make opengate find the data in `target`; return False if it does already.

    Raises
    ------
    InstallBlocked
        Something else is in the way, or opengate's folder cannot be written.
    """
    own = opengate_folder() / "geant4_data"
    if own.is_symlink() and own.resolve() == target.resolve():
        return False
    other = f"Or set FLOMIR_G4DATA={target} in the profile's `setup` and in your shell."
    if own.is_dir() and not own.is_symlink() and any(own.iterdir()):
        if not missing_sets(own):
            return False
        message = f"{own} holds other files."
        raise InstallBlocked(message, f"Remove it and run again. {other}")
    try:
        if own.is_symlink():
            own.unlink()
        elif own.is_dir():
            own.rmdir()
        own.symlink_to(target.resolve())
    except OSError as error:
        message = f"The Geant4 data cannot be linked to {own}: {error.strerror}."
        raise InstallBlocked(message, f"Use a virtual environment that you may write to. {other}") from error
    return True


def main(arguments: list[str]) -> int:
    """Stage and link, say what was done, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m synthesis.cluster.stage", description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--from", dest="source", type=Path, default=None, help=SOURCE_HELP)
    options = parser.parse_args(arguments)
    target = options.target.absolute()
    try:
        staged = stage(target, options.source)
        linked = link(target)
    except SynthesisError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    tag = (target / TAG_FILE).read_text(encoding="utf-8").strip() if (target / TAG_FILE).is_file() else "official"
    sys.stdout.write(
        f"Geant4 data ({tag}): {'staged' if staged else 'already there'}, {'linked' if linked else 'already linked'}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
