"""Options of `flomir reconstruct` that the method does not use are refused, not ignored."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from model.commands.reconstruct import USED_BY, reconstruct
from model.io.study import write_study
from model.methods import CLASSICAL
from tests.support.networks import small_study

VALUES = {"iterations": "1", "subsets": "2", "fwhm": "0"}


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    write_study(tmp_path / "scan.h5", small_study())
    return tmp_path / "scan.h5"


def run(scan: Path, method: str, *given: str) -> Result:
    return CliRunner().invoke(reconstruct, [str(scan), "--method", method, "--force", *given])


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        ("fbp", ("--iterations", "5"), "fbp does not use --iterations; leave it out. It uses --fwhm."),
        ("fbp", ("--iterations", "5", "--subsets", "2"), "--iterations and --subsets; leave them out."),
        ("mlem", ("--subsets", "2"), "mlem does not use --subsets; leave it out. It uses --iterations and --fwhm."),
        ("map-osem", ("--fwhm", "0"), "map-osem does not use --fwhm"),
        ("osem", ("--device", "cuda"), "osem runs on the processor; leave --device cuda out"),
    ],
)
def test_an_option_that_the_method_does_not_use_is_refused(
    scan: Path, method: str, given: tuple[str, ...], said: str
) -> None:
    answer = run(scan, method, *given)
    assert answer.exit_code == 2
    assert said in answer.output
    assert [path.name for path in scan.parent.iterdir()] == ["scan.h5"]


@pytest.mark.parametrize("method", CLASSICAL)
def test_a_classical_method_takes_what_it_uses(scan: Path, method: str) -> None:
    words = [word for key in USED_BY[method] for word in (f"--{key}", VALUES[key])]
    assert run(scan, method, *words).exit_code == 0
    assert run(scan, method, *words[:2], "--device", "cpu").exit_code == 0


def test_a_method_without_options_is_not_refused(scan: Path) -> None:
    assert run(scan, "fbp").exit_code == 0
