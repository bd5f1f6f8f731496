"""The installation on a cluster, run as a user runs it, with Geant4 data made from xraylib."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "synthesis" / "cluster" / "install.sh"
DEADLINE_S = 280.0
NOBODY = 65534
DEAD_PROXY = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def install(*arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "FLOMIR_G4DATA"} | changes
    return subprocess.run(
        ["bash", str(SCRIPT), *map(str, arguments)],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=environment,
    )  # fmt: skip


def _linked_or_copied(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a virtual environment with the packages of this one and an opengate of its own, which the data go into."""
    if importlib.util.find_spec("opengate_core") is None:
        pytest.skip("GATE is not installed: make gate")
    folder = tmp_path_factory.mktemp("install") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    ours = Path(sysconfig.get_paths()["purelib"])
    (site,) = folder.glob("lib/python*/site-packages")
    for name in ("opengate_core", "opengate_core.libs"):
        shutil.copytree(
            ours / name, site / name, copy_function=_linked_or_copied, ignore=shutil.ignore_patterns("geant4_data")
        )
    (site / "ours.pth").write_text(f"import site; site.addsitedir({str(ours)!r})\n")
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("xraylib") is None:
        pytest.skip("xraylib is not installed: make gate")
    folder = tmp_path_factory.mktemp("data") / "mini"
    subprocess.run([sys.executable, "-m", "synthesis.simulation.gate.mini_data", str(folder)], check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def archive(tree: Path) -> Path:
    path = tree.parent / "geant4.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, arcname="some/folder")
    return path


@pytest.fixture(scope="module")
def prefix(venv: Path) -> Path:
    return venv.parent / "prefix"


@pytest.fixture(scope="module")
def first(prefix: Path, venv: Path, archive: Path) -> subprocess.CompletedProcess[str]:
    return install(prefix, "--venv", venv, "--g4data", archive)


def _state(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_a_first_run_stages_links_and_checks_by_a_simulation(
    first: subprocess.CompletedProcess[str], prefix: Path, venv: Path
) -> None:
    assert first.returncode == 0, first.stderr
    assert "packages: already installed" in first.stdout
    assert "Geant4 data (xraylib-mini): staged, linked" in first.stdout
    assert "GATE runs: " in first.stdout
    (own,) = venv.glob("lib/python*/site-packages/opengate_core/geant4_data")
    assert own.resolve() == (prefix / "geant4").resolve()
    assert sorted(path.name for path in prefix.iterdir()) == [".checked", "geant4"]


def test_a_second_run_does_nothing(
    first: subprocess.CompletedProcess[str], prefix: Path, venv: Path, archive: Path
) -> None:
    before = _state(prefix)
    again = install(prefix, "--venv", venv, "--g4data", archive)
    assert again.returncode == 0, again.stderr
    assert "already there, already linked" in again.stdout
    assert "check: already done" in again.stdout
    assert _state(prefix) == before


def test_a_broken_archive_is_refused_and_leaves_no_data(venv: Path, archive: Path, tmp_path: Path) -> None:
    broken = tmp_path / "geant4.tar.gz"
    broken.write_bytes(archive.read_bytes()[:-5000])
    result = install(tmp_path / "prefix", "--venv", venv, "--g4data", broken)
    assert result.returncode == 1
    assert "The archive geant4.tar.gz is broken" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "prefix" / "geant4").exists()


def test_data_of_another_version_are_refused(venv: Path, tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tree, other)
    (other / "G4PII1.3").rename(other / "G4PII1.2")
    result = install(tmp_path / "prefix", "--venv", venv, "--g4data", other)
    assert result.returncode == 1
    assert "G4PII1.3 missing. Bring the data of Geant4 11.4.0" in result.stderr


def test_without_internet_the_archives_to_fetch_are_named(venv: Path, tmp_path: Path) -> None:
    result = install(tmp_path / "prefix", "--venv", venv, **DEAD_PROXY)
    assert result.returncode == 1
    assert "The Geant4 data cannot be downloaded" in result.stderr
    assert "G4EMLOW.8.8.tar.gz" in result.stderr
    assert "--g4data FOLDER" in result.stderr
    assert "Traceback" not in result.stderr


def test_packages_out_of_reach_name_the_ways_out(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    empty = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(empty)], check=True, timeout=120)
    quiet = {"PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    result = install(tmp_path / "prefix", "--venv", empty, "--wheels", tmp_path / "wheels", **quiet)
    assert result.returncode == 1
    assert "Blocked: torch==2.13.0 cannot be installed" in result.stderr
    assert "pip download -d wheels" in result.stderr


def _metadata(name: str, version: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def _wheel(folder: Path, version: str) -> Path:
    """Write a wheel of the product's name without content."""
    path, info = folder / f"flomir-{version}-py3-none-any.whl", f"flomir-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{info}/METADATA", _metadata("flomir", version))
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return path


def test_another_product_replaces_the_installed_one_and_the_same_does_nothing(tmp_path: Path) -> None:
    venv, quiet = tmp_path / "venv", {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "torch-2.13.0.dist-info").mkdir()
    (site / "torch-2.13.0.dist-info" / "METADATA").write_text(_metadata("torch", "2.13.0"))
    for version in ("1.0", "2.0"):
        arguments = [tmp_path / "prefix", "--venv", venv, "--no-gate", "--product", _wheel(tmp_path, version)]
        said = install(*arguments, **quiet)
        assert said.returncode == 0, said.stderr
        assert "packages: installed" in said.stdout
        assert [path.name for path in site.glob("flomir-*")] == [f"flomir-{version}.dist-info"]
        assert "packages: already installed" in install(*arguments, **quiet).stdout


@pytest.fixture
def open_script() -> Iterator[Path]:
    """Copy the script to where every user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="flomir-install-"))
    folder.chmod(0o755)
    shutil.copy(SCRIPT, folder / "install.sh")
    try:
        yield folder / "install.sh"
    finally:
        shutil.rmtree(folder)


def test_a_folder_without_permission_is_one_sentence_with_the_way_out(open_script: Path) -> None:
    as_other = NOBODY if os.geteuid() == 0 else None
    target = "/flomir" if as_other is not None else "/proc/flomir"
    result = subprocess.run(
        ["bash", str(open_script), target],
        capture_output=True, text=True, timeout=60, check=False, cwd="/", user=as_other,
    )  # fmt: skip
    assert result.returncode == 1
    assert f"Blocked: the folder {target} cannot be made." in result.stderr
    assert "Choose a PREFIX that you may write to" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--colour"], "there is no option --colour"),
        (["PREFIX", "--g4data"], "--g4data needs a value"),
        (["PREFIX", "--python", "false"], "false is not Python 3.11 or newer"),
        (["PREFIX", "--product", "/nowhere.whl"], "/nowhere.whl does not exist"),
        (["PREFIX", "--venv", "nowhere"], "nowhere is not a virtual environment"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(arguments: list[str], words: str, tmp_path: Path) -> None:
    result = install(*(str(tmp_path / "prefix") if word == "PREFIX" else word for word in arguments))
    assert result.returncode == 1
    assert words in result.stderr


def test_help_names_every_option() -> None:
    result = install("--help")
    assert result.returncode == 0
    for option in ("--product", "--python", "--venv", "--wheels", "--g4data", "--no-gate", "--check"):
        assert option in result.stdout
