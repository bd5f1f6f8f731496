from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from model.io.study import write_study
from synthesis.errors import TemplateUnusable
from synthesis.patient import make_phantom
from synthesis.sample import simulate
from synthesis.template import FinePhantom, Template
from synthesis.template_file import read_phantom, read_template, write_phantom, write_template
from synthesis.variants import mix_study
from tests.support.scenarios import quick_scenario

SICK = quick_scenario(infarct_share=1.0)


@pytest.fixture(scope="module")
def phantom() -> FinePhantom:
    return make_phantom(SICK, "quick", seed=3, index=0)


@pytest.fixture(scope="module")
def template(phantom: FinePhantom) -> Template:
    return simulate(phantom)


def test_a_phantom_comes_back_from_its_file_as_it_was(phantom: FinePhantom, tmp_path: Path) -> None:
    write_phantom(tmp_path / "p.h5", phantom)
    again = read_phantom(tmp_path / "p.h5")
    assert again.activity.tobytes() == phantom.activity.tobytes()
    assert again.mu_per_mm.tobytes() == phantom.mu_per_mm.tobytes()
    for name in ("scenario", "site", "seed", "index", "geometry", "uptakes", "members", "heart", "defects", "half_mm"):
        assert getattr(again.body, name) == getattr(phantom.body, name), name
    assert list(again.body.members) == list(phantom.body.members)  # the order is that of the arrays


def test_studies_mixed_from_a_file_are_those_mixed_from_memory(template: Template, tmp_path: Path) -> None:
    write_template(tmp_path / "t.h5", template)
    again = read_template(tmp_path / "t.h5")
    for variant in (0, 1):
        write_study(tmp_path / "memory.h5", mix_study(template, variant))
        write_study(tmp_path / "file.h5", mix_study(again, variant))
        assert (tmp_path / "memory.h5").read_bytes() == (tmp_path / "file.h5").read_bytes()


def test_the_same_body_gives_the_same_bytes(phantom: FinePhantom, template: Template, tmp_path: Path) -> None:
    again = make_phantom(SICK, "quick", seed=3, index=0)
    write_phantom(tmp_path / "a.h5", phantom)
    write_phantom(tmp_path / "b.h5", again)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    write_template(tmp_path / "a.h5", template)
    write_template(tmp_path / "b.h5", simulate(again))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def turned_value(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        values = file["primary"][()]
        values[0, 0, 0, 0] += 1
        file["primary"][...] = values


def other_card(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        text = file["card"].asstr()[()].replace('"seed":3', '"seed":4')
        del file["card"]
        file.create_dataset("card", data=text, dtype=h5py.string_dtype())


def newer_schema(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = np.int64(2)


def no_hdf5(path: Path) -> None:
    path.write_text("a letter", encoding="utf-8")


def outside_link(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["variance" if "variance" in file else "scatter"]
        file["scatter"] = h5py.ExternalLink("other.h5", "/scatter")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_off, "cut off"),
        (turned_value, "checksum"),
        (other_card, "checksum"),
        (newer_schema, "schema 2"),
        (no_hdf5, "cut off"),
        (outside_link, "no plain array"),
    ],
)
def test_a_damaged_or_foreign_template_is_refused_in_one_sentence(
    damage: Callable[[Path], None], words: str, template: Template, tmp_path: Path
) -> None:
    path = tmp_path / "t.h5"
    write_template(path, template)
    damage(path)
    with pytest.raises(TemplateUnusable, match=words) as caught:
        read_template(path)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_study_and_a_phantom_are_no_templates(phantom: FinePhantom, template: Template, tmp_path: Path) -> None:
    write_study(tmp_path / "study.h5", mix_study(template, 0))
    write_phantom(tmp_path / "phantom.h5", phantom)
    with pytest.raises(TemplateUnusable, match="'flomir-study'"):
        read_template(tmp_path / "study.h5")
    with pytest.raises(TemplateUnusable, match="'flomir-phantom'"):
        read_template(tmp_path / "phantom.h5")
    with pytest.raises(TemplateUnusable, match=r"no file nowhere\.h5"):
        read_phantom(tmp_path / "nowhere.h5")


def test_a_template_that_cannot_be_finished_leaves_the_old_one(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.h5"
    write_template(path, template)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_template(path, template)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["t.h5"]
