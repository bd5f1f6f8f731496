"""Apply deliberate faults one by one to a copy of the tree; each must turn a named test red.

Usage: ``python tests/mutants/run.py [NAME ...]``. Exit code 0 when every fault was caught, 1 when one survived, 2 when
a fault could not be applied (its text is no longer in the file) or its tests are not green without it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.toml")
TIMEOUT_S = 300


@dataclass(frozen=True)
class Mutant:
    """One fault: `find` is replaced by `replace` in `file`, then `tests` must fail."""

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]


def load(path: Path = LIST) -> list[Mutant]:
    """Read the list."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return [Mutant(row["name"], row["file"], row["find"], row["replace"], tuple(row["tests"])) for row in rows]


def copy_tree(target: Path) -> None:
    """Copy what git tracks (as it stands in the working tree) to `target`."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for raw in names.split(b"\0"):
        source = ROOT / os.fsdecode(raw)
        if raw and source.is_file() and not raw.startswith(b"frontend/"):
            copy = target / os.fsdecode(raw)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def run_tests(tree: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run tests inside a copy; the copy comes first on the path, before the installed tree."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def apply(mutant: Mutant, tree: Path) -> str:
    """Write the fault into the copy; returns the original text. Raises ValueError when it does not apply exactly once."""
    path = tree / mutant.file
    original = path.read_text(encoding="utf-8")
    if original.count(mutant.find) != 1:
        message = f"{mutant.name}: its text occurs {original.count(mutant.find)} times in {mutant.file}, expected once"
        raise ValueError(message)
    path.write_text(original.replace(mutant.find, mutant.replace), encoding="utf-8")
    return original


def judge(mutant: Mutant, tree: Path) -> str:
    """Return ``caught``, ``SURVIVED`` or a sentence saying why the fault proves nothing."""
    begin = time.monotonic()
    try:
        original = apply(mutant, tree)
    except ValueError as error:
        return f"NOT APPLIED: {error}"
    try:
        done = run_tests(tree, mutant.tests)
    finally:
        (tree / mutant.file).write_text(original, encoding="utf-8")
    if done.returncode == 1:
        return f"caught in {time.monotonic() - begin:.0f} s"
    return "SURVIVED" if done.returncode == 0 else f"NOT RUN: pytest ended with {done.returncode}: {done.stdout[-300:]}"


def main(names: list[str]) -> int:
    """Judge the named mutants, or all."""
    mutants = [row for row in load() if not names or row.name in names]
    with tempfile.TemporaryDirectory(prefix="flomir-mutants-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        healthy = run_tests(tree, tuple(dict.fromkeys(test for row in mutants for test in row.tests)))
        if healthy.returncode != 0:
            sys.stderr.write(f"the tests are not green without a fault:\n{healthy.stdout[-2000:]}\n")
            return 2
        verdicts = {}
        for mutant in mutants:
            verdicts[mutant.name] = judge(mutant, tree)
            sys.stdout.write(f"{mutant.name:32} {verdicts[mutant.name]}\n")
            sys.stdout.flush()
    caught = sum(verdict.startswith("caught") for verdict in verdicts.values())
    sys.stdout.write(f"{caught} of {len(verdicts)} faults caught\n")
    if caught == len(verdicts):
        return 0
    return 1 if any(verdict == "SURVIVED" for verdict in verdicts.values()) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
