"""Reconstructing at a hospital before any session: the images, their values, polar maps, doubts in words, files to take along."""

import json
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from flomir.browser import launched_browser
from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from model.evaluation.axis_polar import polar_by_axis
from model.evaluation.polar import polar_segments
from model.io.study import Study, read_study, write_study
from model.io.weights import sha256_of
from tests.support import journey
from tests.support.pages import Person, person

pytestmark = pytest.mark.browser
DONE_MS = 90_000
IMAGES = ("OSEM", "Model", "Model − OSEM", "Reference")
VOXELS = 1000
Volume = NDArray[np.float32]

_CLICK_ALL = """async ([places, titles]) => {
  const plane = (title, name) => document.querySelector(`[role="slider"][aria-label="${title}, ${name}"]`);
  const press = (element, left, top) => {
    const box = element.getBoundingClientRect();
    const at = { bubbles: true, pointerId: 1, buttons: 1, clientX: box.left + left * box.width, clientY: box.top + top * box.height };
    element.dispatchEvent(new PointerEvent("pointerdown", at));
    element.dispatchEvent(new PointerEvent("pointerup", { ...at, buttons: 0 }));
  };
  const found = [];
  for (const [x, y, z] of places) {
    press(plane(titles[0], "Axial"), x, y);
    await null;
    press(plane(titles[1], "Coronal"), x, 1 - z);
    await null;
    found.push(titles.map((title) => document.querySelector(`[role="group"][aria-label="${title}"] data`).value));
  }
  return found;
}"""
"""Press the planes of two images at each place and read what the page says of all images there."""


@dataclass
class Ward:
    """One hospital that has joined nothing, its professional at the page, and what was reconstructed."""

    daemon: DaemonProcess
    professional: Person
    folder: Path

    @property
    def made(self) -> dict[str, object]:
        return dict(self.daemon.items("/reconstructions")[0])

    def volumes(self) -> dict[str, Volume]:
        """Return the images as numpy reads them, by their titles on the page."""
        with np.load(self.daemon.home / "reconstructions" / f"{self.made['id']}.npz") as archive:
            osem, model, reference = (archive[name] for name in ("osem", "model", "reference"))
        return dict(zip(IMAGES, (osem, model, model - osem, reference), strict=True))

    def study(self) -> Study:
        return read_study(next((self.daemon.home / "studies").glob("study-*")))

    def column(self, title: str) -> Locator:
        return self.professional.page.get_by_role("group", name=title, exact=True)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("reconstruct")
    daemon = DaemonProcess("contributor", folder / "contributor")
    try:
        daemon.launch()
        daemon.wait_ready()
        with launched_browser() as browser, person(browser, daemon) as professional:
            yield Ward(daemon, professional, folder)
    finally:
        daemon.stop()


def test_con_5_a_study_is_reconstructed_before_any_session(ward: Ward) -> None:
    professional, page = ward.professional, ward.professional.page
    professional.go("Reconstruct")
    expect(page.get_by_text("No study to reconstruct")).to_be_visible()
    professional.look("reconstruct-empty", dark=True, phone=True)
    journey.heart_studies(ward.folder / "data", "north", 1)
    fed.add_studies(ward.daemon, ward.folder / "data")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("unrolled EM (came with the program)")
    professional.press("Reconstruct")
    for title in IMAGES:
        expect(page.get_by_role("slider", name=f"{title}, Axial", exact=True)).to_be_visible(timeout=DONE_MS)
    verdict = page.get_by_role("region", name="Is this study familiar to the model?")
    details = ward.daemon.call("GET", f"/reconstructions/{ward.made['id']}/details")
    alarm = details["alarm"]
    assert isinstance(alarm, dict)
    title = {"ok": "is like those", "unusual": "are unusual", "unlike": "is unlike those"}[alarm["level"]]
    expect(verdict).to_contain_text(title)
    for finding in alarm["findings"]:
        expect(verdict).to_contain_text(f"{finding['sentence']} {finding['remedy']}")
    expect(page.get_by_role("main").get_by_text("For research, not for diagnosis")).to_have_count(2)
    professional.look("reconstruct", dark=True, phone=True)
    assert professional.complaints == []


def test_viewer_values_equal_the_reference_at_a_thousand_random_voxels(ward: Ward) -> None:
    page, volumes = ward.professional.page, ward.volumes()
    nz, ny, nx = volumes["OSEM"].shape
    chosen = random.Random(6)
    voxels = [(chosen.randrange(nz), chosen.randrange(ny), chosen.randrange(nx)) for _ in range(VOXELS)]
    places = [((x + 0.5) / nx, (y + 0.5) / ny, (z + 0.5) / nz) for z, y, x in voxels]
    shown = page.evaluate(_CLICK_ALL, [places, list(IMAGES)])
    found = np.array(shown, dtype=np.float64)
    expected = np.array([[volumes[title][voxel] for title in IMAGES] for voxel in voxels], dtype=np.float64)
    assert found.shape == (VOXELS, len(IMAGES))
    assert np.array_equal(found, expected)
    assert len({voxel for voxel in voxels if volumes["Model"][voxel] > 0}) > 100
    assert ward.professional.complaints == []


def test_the_keyboard_and_the_mouse_reach_voxels_and_say_their_values(ward: Ward) -> None:
    page, volumes = ward.professional.page, ward.volumes()
    shape = volumes["Model"].shape
    planes = {
        name: page.get_by_role("slider", name=f"Model, {name}", exact=True) for name in ("Axial", "Coronal", "Sagittal")
    }

    def here() -> tuple[int, int, int]:
        z, y, x = (int(str(plane.get_attribute("aria-valuenow"))) - 1 for plane in planes.values())
        return z, y, x

    def same_as_numpy() -> None:
        for title, volume in volumes.items():
            assert float(str(ward.column(title).locator("data").get_attribute("value"))) == volume[here()], title

    keys = ["ArrowUp", "ArrowRight", "ArrowDown", "ArrowLeft", "PageUp", "PageDown"]
    chosen = random.Random(7)
    for plane in planes.values():
        plane.focus()
        expect(plane).to_be_focused()
        plane.press("Home")
        assert plane.get_attribute("aria-valuenow") == "1"
        plane.press("End")
        assert plane.get_attribute("aria-valuenow") == plane.get_attribute("aria-valuemax")
        plane.press("Home")
        for _ in range(8):
            plane.press(chosen.choice([*keys, "ArrowUp", "PageUp"]))
            same_as_numpy()
    for _ in range(8):
        plane = planes["Axial"]
        box = plane.bounding_box()
        assert box is not None
        plane.click(
            position={"x": chosen.uniform(0.05, 0.95) * box["width"], "y": chosen.uniform(0.05, 0.95) * box["height"]}
        )
        same_as_numpy()
    z, _, _ = here()
    said = str(planes["Axial"].get_attribute("aria-valuetext"))
    assert said.startswith(f"slice {z + 1} of {shape[0]}, value ")
    assert said.rpartition("value ")[2] == ward.column("Model").locator("data").inner_text()
    assert "±" in said
    planes["Coronal"].press("Tab")
    assert planes["Sagittal"].evaluate("(plane) => getComputedStyle(plane).outlineStyle") == "solid"


def test_the_polar_maps_are_those_of_the_metric_code(ward: Ward) -> None:
    page, study, volumes = ward.professional.page, ward.study(), ward.volumes()
    for title in ("OSEM", "Model", "Reference"):
        expected = polar_segments(volumes[title], study)
        assert expected is not None
        cells = page.get_by_role("figure", name=f"Polar map of {title}", exact=True).locator("tbody tr")
        expect(cells).to_have_count(17)
        exact = cells.locator("data").evaluate_all("(all) => all.map((one) => Number(one.value))")
        assert exact == expected.tolist()
        names = cells.locator("th").all_inner_texts()
        rows = cells.locator("data").all_text_contents()
        by_segment = {int(name.partition(",")[0]): float(row) for name, row in zip(names, rows, strict=True)}
        assert by_segment == {number + 1: pytest.approx(value, abs=0.051) for number, value in enumerate(expected)}
        assert names[0] == "1, basal anterior"
    assert "±" in page.get_by_role("figure", name="Polar map of Model").locator("tbody tr td").first.text_content()  # type: ignore[operator]


def test_uncertainty_profile_colours_and_film_are_at_hand(ward: Ward) -> None:
    professional, page = ward.professional, ward.professional.page
    canvas = page.get_by_role("slider", name="Model, Axial").locator("canvas")
    plain = canvas.evaluate("(canvas) => canvas.toDataURL()")
    page.get_by_role("switch", name="Show where the model is uncertain").check()
    page.wait_for_function("([canvas, plain]) => canvas.toDataURL() !== plain", arg=[canvas.element_handle(), plain])
    page.get_by_text("Viridis", exact=True).click()
    expect(page.get_by_role("radio", name="Viridis")).to_be_checked()
    assert page.get_by_role("radio", name="Rainbow").count() == 0
    professional.press("Profile line")
    rows = page.get_by_role("figure", name="Profile line").locator("tbody tr")
    expect(rows).to_have_count(ward.volumes()["OSEM"].shape[2])
    professional.press("Show the film")
    page.get_by_role("slider", name="View").first.wait_for()
    professional.look("reconstruct-more", dark=True, phone=True)
    assert professional.complaints == []


def test_every_export_says_that_it_is_for_research(ward: Ward) -> None:
    professional, page = ward.professional, ward.professional.page
    professional.press("Download")
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Model as DICOM").click()
    image = pydicom.dcmread(download.value.path())
    assert image.ImageComments == "For research, not for diagnosis"
    assert "RECON TOMO" in image.ImageType
    assert image.NumberOfFrames == ward.volumes()["Model"].shape[0]
    assert "For research, not for diagnosis" in image.DerivationDescription
    page.evaluate(
        """() => { const fill = CanvasRenderingContext2D.prototype.fillText; window.written = [];
        CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) { window.written.push(text); return fill.call(this, text, ...rest); }; }"""
    )
    with page.expect_download() as download:
        professional.press("Save picture (PNG)")
    assert download.value.path().read_bytes()[:4] == b"\x89PNG"
    assert page.evaluate("window.written")[-1] == "For research, not for diagnosis"
    shipped = ward.daemon.items("/models/shipped")[0]
    with page.expect_download() as download:
        page.evaluate(f"window.location.assign('/api/v1/models/{shipped['id']}/package')")
    with zipfile.ZipFile(download.value.path()) as package:
        weights, card = sorted(package.namelist(), key=lambda name: name.endswith(".json"))
        assert sha256_of(package.read(weights)) == shipped["sha256"] == json.loads(package.read(card))["content_hash"]


def test_the_page_speaks_german_too(ward: Ward) -> None:
    professional, page = ward.professional, ward.professional.page
    page.get_by_role("button", name="DE: auf Deutsch anzeigen").click()
    page.get_by_role("heading", level=1, name="Rekonstruieren").wait_for()
    verdict = page.get_by_role("region", name="Kennt das Modell solche Studien?")
    expect(verdict).not_to_contain_text(" the ")
    expect(page.get_by_role("slider", name="Modell, Transversal", exact=True)).to_be_visible()
    professional.look("reconstruct-german")
    page.get_by_role("button", name="EN: show in English").click()
    assert professional.complaints == []


def test_a_reconstruction_is_removed_with_its_images_after_a_question(ward: Ward) -> None:
    professional, page = ward.professional, ward.professional.page
    folder, used = ward.daemon.home / "reconstructions", ward.daemon.call("GET", "/storage")["used_bytes"]
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size > 0
    professional.press("Remove")
    dialog = page.get_by_role("dialog", name="Remove this reconstruction?")
    expect(dialog).to_contain_text("The study and the model stay.")
    professional.look("reconstruct-remove", dark=True, phone=True, whole=False)
    professional.press("Cancel", dialog)
    assert ward.made["state"] == "done"
    professional.press("Remove")
    professional.press("Remove it", dialog)
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("slider", name="Model, Axial", exact=True)).to_be_hidden()
    expect(page.get_by_role("combobox", name="Model")).to_be_visible()
    professional.look("reconstruct-removed")
    assert ward.daemon.items("/reconstructions") == []
    assert list(folder.iterdir()) == []
    assert ward.daemon.call("GET", "/storage")["used_bytes"] == int(str(used)) - size
    assert professional.complaints == []


def test_a_scan_that_does_not_say_where_the_heart_is_gets_its_polar_maps_from_a_shown_axis(ward: Ward) -> None:
    professional, page = ward.professional, ward.professional.page
    known = ward.study()
    assert known.truth is not None
    heart = known.truth.heart
    assert heart is not None
    (ward.folder / "scan").mkdir()
    bare = replace(known, truth=None, labels=None, label_codes={}, reference=None, reference_kind=None)
    counts = bare.projections.copy()
    counts[0, 0, 0, 0] += 1  # another acquisition
    write_study(ward.folder / "scan" / "IM0001.h5", replace(bare, projections=counts))
    fed.add_studies(ward.daemon, ward.folder / "scan")
    page.get_by_role("combobox", name="Study").click()
    page.get_by_role("option", name="IM0001").first.click()
    professional.press("Reconstruct")
    apex_is, base_is = (page.get_by_role("button", name=f"The {end} is at the cursor") for end in ("apex", "base"))
    expect(apex_is).to_be_disabled(timeout=DONE_MS)
    expect(page.get_by_text("The study does not say where the heart is.")).to_be_visible()
    expect(page.get_by_role("slider", name="Model, Axial", exact=True)).to_be_visible(timeout=DONE_MS)
    shape, voxel_mm = known.geometry.volume_shape, known.geometry.grid.voxel_mm
    shown: dict[str, tuple[float, float, float]] = {}
    for name, button, point in (("apex", apex_is, heart.apex_mm), ("base", base_is, heart.base_mm)):
        z, y, x = (round(mm / size + (n - 1) / 2) for mm, size, n in zip(point[::-1], voxel_mm, shape, strict=True))
        place = [(x + 0.5) / shape[2], (y + 0.5) / shape[1], (z + 0.5) / shape[0]]
        page.evaluate(_CLICK_ALL, [[place], ["OSEM", "Model"]])
        button.click()
        expect(page.get_by_text(f"At voxel {x + 1}, {y + 1}, {z + 1}", exact=True)).to_be_visible()
        left, back, head = (
            (at - (n - 1) / 2) * size for at, n, size in zip((x, y, z), shape[::-1], voxel_mm[::-1], strict=True)
        )
        shown[name] = left, back, head
    professional.press("Make the polar maps")
    with np.load(ward.daemon.home / "reconstructions" / f"{ward.made['id']}.npz") as archive:
        expected = polar_by_axis(archive["model"], voxel_mm, shown["base"], shown["apex"])
    cells = page.get_by_role("figure", name="Polar map of Model", exact=True).locator("tbody tr data")
    expect(cells).to_have_count(17)
    exact = cells.evaluate_all("(all) => all.map((one) => Number(one.value))")
    assert exact == pytest.approx(expected.tolist(), abs=1e-3)
    professional.look("reconstruct-axis", dark=True, phone=True)
    page.reload()
    expect(cells).to_have_count(17, timeout=DONE_MS)
    assert professional.complaints == []
    answer = ward.daemon.call("GET", f"/reconstructions/{ward.made['id']}/details")
    assert answer["axis"] is not None


def test_a_reconstruction_that_fails_says_why_and_what_to_do_in_german(ward: Ward) -> None:
    professional, page = ward.professional, ward.professional.page
    for file in (ward.daemon.home / "studies").glob("study-*"):
        file.write_bytes(file.read_bytes()[:2000])
    page.get_by_role("button", name="DE: auf Deutsch anzeigen").click()
    professional.press("Rekonstruieren")
    failed = page.get_by_role("status").filter(has_text="Die Rekonstruktion wurde nicht fertig.")
    expect(failed).to_contain_text("Diese Studie kann nicht verwendet werden.", timeout=DONE_MS)
    expect(failed).to_contain_text("exportieren Sie die Studie erneut.")
    professional.look("reconstruct-failed-german", dark=True, phone=True)
    problem = ward.made["problem"]
    assert isinstance(problem, dict)
    assert (problem["code"], problem["title"]) == ("study.unusable", "This study cannot be used.")
    page.get_by_role("button", name="EN: show in English").click()
    expect(page.get_by_role("status").filter(has_text="did not finish")).to_contain_text("This study cannot be used.")
    assert professional.complaints == []
