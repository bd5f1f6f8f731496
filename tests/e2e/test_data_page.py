"""A professional brings scans in, looks at them, compares a list, withdraws a patient: the page Data of a real daemon."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from flomir.browser import launched_browser
from flomir.daemon_process import DaemonProcess
from model.io.study import write_study
from tests.support.dicom import nm_file
from tests.support.journey import row
from tests.support.pages import Person, person
from tests.support.studies import tiny_study, write_tiny_study

pytestmark = pytest.mark.browser
READ_MS = 60_000
ROE, DOE, POE = "MRN-1001", "MRN-1002", "MRN-1003"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    with DaemonProcess("contributor", tmp_path_factory.mktemp("site") / "home") as one:
        yield one


@pytest.fixture(scope="module")
def professional(daemon: DaemonProcess) -> Iterator[Person]:
    with launched_browser() as browser, person(browser, daemon) as someone:
        yield someone


def _named(number: str, name: str) -> Callable[[Any], None]:
    def change(dataset: Any) -> None:
        dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate = number, name, "19500101"

    return change


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write what a camera's console exports: scans by patient, one without its end, and a letter."""
    folder = tmp_path_factory.mktemp("camera")
    for seed, number, name in ((1, ROE, "Roe^Richard"), (2, ROE, "Roe^Richard"), (3, DOE, "Doe^Jane")):
        place = folder / name.replace("^", " ")
        place.mkdir(exist_ok=True)
        study = tiny_study(seed, shape=(16, 32, 32), voxel_mm=12.0, views=32)
        nm_file(place / f"STRESS{seed}.dcm", _named(number, name), study=study)
    whole = (folder / "Roe Richard" / "STRESS1.dcm").read_bytes()
    (folder / "Doe Jane" / "CUT.dcm").write_bytes(whole[: len(whole) // 3])
    (folder / "letter.txt").write_text("Dear colleague")
    write_tiny_study(folder / "synthetic.h5", 9, shape=(16, 32, 32), voxel_mm=12.0, views=32)
    return folder


def _import(professional: Person) -> Locator:
    return professional.page.get_by_role("region", name=re.compile("^Import of")).first


def test_con_3_submit_training_data(professional: Person, camera: Path, tmp_path: Path) -> None:
    page = professional.page
    professional.go("Data")
    professional.look("data-nothing", dark=True, phone=True)
    page.get_by_label("Or name a folder on this computer").fill(str(camera / "nowhere"))
    professional.press("Read folder")
    page.get_by_role("alert").wait_for()
    refused = [one for one in professional.complaints if "422" in one]  # the browser tells it twice
    assert len(refused) == len(professional.complaints) == 2
    professional.complaints.clear()
    professional.look("data-no-folder")
    page.get_by_label("Or name a folder on this computer").fill(str(camera))
    professional.press("Read folder")
    card = _import(professional)
    expect(card).to_contain_text("4 studies added", timeout=READ_MS)
    expect(card).to_contain_text("2 files were not taken")
    card.get_by_role("button", name="Show what was not taken").click()
    expect(card.get_by_role("list", name="Show what was not taken")).to_contain_text("letter.txt")
    expect(page.get_by_role("table", name="Studies").get_by_role("row")).to_have_count(5)
    professional.look("data-imported", dark=True, phone=True)
    page.get_by_label("Search studies").fill("stress3")
    expect(page.get_by_role("table", name="Studies").get_by_role("row")).to_have_count(2)
    page.get_by_label("Search studies").fill("")
    _hand_over(professional, camera)
    _look_at_one(professional)
    _withdraw(professional)
    _compare(professional, tmp_path)
    assert professional.complaints == [], "\n".join(professional.complaints)


def _hand_over(professional: Person, camera: Path) -> None:
    """Choose files on the page: the same acquisitions again are told and not taken twice."""
    page = professional.page
    page.get_by_label("Scan files").set_input_files(
        [camera / "Roe Richard" / "STRESS1.dcm", camera / "Roe Richard" / "STRESS2.dcm"]
    )
    expect(_import(professional)).to_contain_text("2 were here already", timeout=READ_MS)
    page.get_by_label("Folder of scans").set_input_files(camera / "Doe Jane")
    expect(_import(professional)).to_contain_text("1 was here already", timeout=READ_MS)
    expect(page.get_by_role("table", name="Studies").get_by_role("row")).to_have_count(5)


def _look_at_one(professional: Person) -> None:
    page = professional.page
    page.get_by_role("link", name="STRESS3.dcm").click()
    page.get_by_role("slider", name="View").first.wait_for()
    page.get_by_text("It may be used for training").wait_for()
    expect(page.get_by_role("region", name="How it was acquired")).to_contain_text("32 views over 180°")
    left = page.get_by_role("region", name="What was left behind")
    left.get_by_role("button", name="Show the list").click()
    expect(left.get_by_role("list", name="Elements left behind")).to_contain_text("PatientName")
    expect(page.get_by_text("Doe^Jane")).to_have_count(0)
    professional.look("study-details", dark=True, phone=True)
    professional.go("Data")


def _withdraw(professional: Person) -> None:
    page = professional.page
    page.get_by_role("tab", name="Patients").click()
    patient = (
        page.get_by_role("table", name="Patients").get_by_role("row").filter(has_text=re.compile("P-[0-9A-F]{10}2"))
    )
    expect(patient).to_have_count(1)
    professional.look("data-patients", phone=True)
    patient.get_by_role("button", name=re.compile("^Withdraw patient")).click()
    professional.look("data-withdraw", whole=False)
    professional.press("Withdraw this patient", page.get_by_role("dialog"))
    expect(patient).to_contain_text("Withdrawn")
    professional.look("data-withdrawn", dark=True)
    page.get_by_role("tab", name="Studies").click()
    expect(row(professional, "Studies", "STRESS1.dcm")).to_contain_text("Withdrawn")
    expect(row(professional, "Studies", "STRESS2.dcm")).to_contain_text("Withdrawn")
    page.get_by_role("tab", name="Patients").click()
    patient.get_by_role("button", name=re.compile("^Undo")).click()
    expect(patient).to_contain_text("In use")


def _compare(professional: Person, tmp_path: Path) -> None:
    page = professional.page
    page.get_by_role("tab", name="Compare with a list").click()
    listed = tmp_path / "trial.csv"
    listed.write_text(f"Name;Patient ID\nRoe;{ROE}\nPoe;{POE}\n", encoding="utf-8")
    page.get_by_label("CSV file").set_input_files(listed)
    expect(row(professional, "Compared patients", ROE)).to_contain_text("Available")
    expect(row(professional, "Compared patients", POE)).to_contain_text("Missing")
    expect(page.get_by_role("table", name="Compared patients")).to_contain_text("Not on the list")
    professional.look("data-compared", dark=True, phone=True)


def test_what_is_said_of_studies_and_files_is_german_on_a_german_page(
    professional: Person, camera: Path, tmp_path: Path
) -> None:
    page = professional.page
    made = tiny_study(8, shape=(16, 32, 32), voxel_mm=12.0, views=32)
    radii = tuple(radius / 10 for radius in made.geometry.radius_mm)
    write_study(tmp_path / "centimetres.h5", replace(made, geometry=replace(made.geometry, radius_mm=radii)))
    shutil.copyfile(camera / "Doe Jane" / "CUT.dcm", tmp_path / "CUT.dcm")
    professional.go("Data")
    page.get_by_role("tab", name="Studies").click()
    page.get_by_label("Or name a folder on this computer").fill(str(tmp_path))
    professional.press("Read folder")
    expect(_import(professional)).to_contain_text("1 study added", timeout=READ_MS)
    page.get_by_role("button", name="DE: auf Deutsch anzeigen").click()
    wrong = row(professional, "Studien", "centimetres.h5")
    expect(wrong).to_contain_text("Der Radius der Umlaufbahn reicht von")
    expect(row(professional, "Studien", "STRESS3.dcm")).to_contain_text(
        "Keine Schwächungskarte; die Schwächung wird nicht korrigiert."
    )
    card = page.get_by_role("region", name=re.compile("^Import vom")).first
    card.get_by_role("button", name="Nicht Übernommenes zeigen").click()
    expect(card.get_by_role("list", name="Nicht Übernommenes zeigen")).to_contain_text(
        "Kopieren Sie die Datei erneut aus ihrer Quelle."
    )
    professional.look("data-german", phone=True)
    wrong.get_by_role("link", name="centimetres.h5").click()
    found = page.get_by_role("list", name="Qualitätskontrolle")
    expect(found).to_contain_text("Der Radius der Umlaufbahn reicht von")
    facts = page.get_by_role("region", name="Über diese Studie")
    expect(facts).to_contain_text("SPECT-Studie")
    expect(facts).to_contain_text("32 Projektionen zu")
    professional.look("study-german")
    page.get_by_role("button", name="EN: show in English").click()
    expect(found.or_(page.get_by_role("list", name="Quality control"))).to_contain_text("The radius of the orbit runs")
    assert professional.complaints == [], "\n".join(professional.complaints)


def test_one_patient_is_erased_from_the_page_of_a_study(professional: Person, daemon: DaemonProcess) -> None:
    page = professional.page
    professional.go("Data")
    page.get_by_role("tab", name="Studies").click()
    before = daemon.items("/studies")
    patient = next(study["patient"] for study in before if study["name"] == "STRESS1.dcm")
    mine = [study for study in before if study["patient"] == patient]
    row(professional, "Studies", "STRESS1.dcm").get_by_role("link", name="STRESS1.dcm").click()
    professional.press("Erase this patient …")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{len(mine)} studies with their reports of quality control")
    expect(dialog).to_contain_text("It cannot be undone")
    expect(dialog.get_by_role("button", name="Erase this patient")).to_be_disabled()
    professional.look("study-erase", whole=False, dark=True, phone=True)
    dialog.get_by_label(re.compile("^Type the number")).fill(str(len(mine)))
    professional.press("Erase this patient", dialog)
    page.get_by_role("tab", name="Studies").wait_for()
    expect(row(professional, "Studies", "STRESS1.dcm")).to_have_count(0)
    assert {study["id"] for study in daemon.items("/studies")} == {s["id"] for s in before if s not in mine}
    assert "patient.erased" in [audit["action"] for audit in daemon.items("/audit")]
    assert professional.complaints == [], "\n".join(professional.complaints)


def test_all_data_are_removed_in_one_step(professional: Person, daemon: DaemonProcess) -> None:
    page = professional.page
    professional.go("Data")
    place = page.get_by_role("region", name="Where the data are")
    professional.press("Change", place)
    page.get_by_role("dialog").get_by_label("Limit").fill("5")
    professional.look("data-place", whole=False)
    professional.press("Save", page.get_by_role("dialog"))
    expect(place).to_contain_text("5.0 GB")
    professional.press("Remove all data", place)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Remove all data")).to_be_disabled()
    dialog.get_by_label(re.compile("^Type the number")).fill(str(len(daemon.items("/studies"))))
    professional.look("data-remove", whole=False, dark=True)
    professional.press("Remove all data", dialog)
    page.get_by_role("tab", name="Studies").click()
    page.get_by_text("No studies yet").wait_for()
    assert daemon.items("/studies") == []
    assert "data.removed" in [audit["action"] for audit in daemon.items("/audit")]
    assert professional.complaints == [], "\n".join(professional.complaints)
