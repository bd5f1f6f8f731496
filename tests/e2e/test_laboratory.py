"""The laboratory as a learning manager uses it: make data, train on it, compare, try a model; each by the story's id."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from flomir.browser import launched_browser
from flomir.daemon_process import DaemonProcess
from tests.support.journey import row
from tests.support.pages import Person, person

pytestmark = pytest.mark.browser
SET, MODEL = "Hearts with lesions", "Trained in the laboratory"
JOB_MS = 180_000


@dataclass
class House:
    """One running orchestrator and its manager at a page."""

    daemon: DaemonProcess
    browser: Browser
    manager: Person
    folder: Path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("laboratory")
    daemon = DaemonProcess("orchestrator", folder / "orchestrator", ["--name", "Test laboratory"])
    try:
        daemon.launch()
        daemon.wait_ready()
        with launched_browser() as browser, person(browser, daemon) as manager:
            yield House(daemon, browser, manager, folder)
    finally:
        daemon.stop()


def wait_done(manager: Person) -> None:
    """Wait on a job's page until it says that it is done."""
    expect(manager.page.get_by_role("heading", level=1).locator("..").get_by_text("Done")).to_be_visible(timeout=JOB_MS)


def test_mlp_2_data_with_infarcts_and_lesions_is_made_here(house: House) -> None:
    manager, page = house.manager, house.manager.page
    manager.go("Laboratory")
    expect(page.get_by_text("No data set yet")).to_be_visible()
    manager.look("laboratory-empty", dark=True, phone=True)
    page.get_by_role("link", name="Make data").click()
    page.get_by_role("heading", level=1, name="Make data").wait_for()
    page.get_by_label("Name of the data set").fill(SET)
    page.get_by_label("Bodies at each camera").fill("5")
    page.get_by_label("Views").fill("16")
    page.get_by_label("Share of patients with an infarct").fill("1")
    manager.press("Add lesions of an organ")
    page.get_by_role("group", name="liver").get_by_label("Share of patients").fill("1")
    manager.press("Estimate")
    expect(page.get_by_text("5 studies")).to_be_visible(timeout=JOB_MS)
    manager.look("laboratory-make", dark=True, phone=True)
    manager.press("Make the data set")
    page.get_by_role("heading", level=1, name=SET).wait_for()
    wait_done(manager)
    pictures = page.get_by_role("region", name="Contact sheet").get_by_role("img")
    expect(pictures).to_have_count(5)
    expect(page.get_by_text("lesions: liver").first).to_be_visible()
    expect(page.get_by_text("no infarct")).to_have_count(0)
    page.get_by_role("link", name=f"Open {SET}").click()
    expect(page.get_by_text("5 of 5").first).to_be_visible()
    manager.look("laboratory-set", dark=True, phone=True)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Full inspection page").click()
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("Quick look, changed")
    opened.value.close()
    assert manager.complaints == []


def test_mlp_3_a_model_is_trained_and_enters_the_registry(house: House) -> None:
    manager, page = house.manager, house.manager.page
    page.get_by_role("link", name="Train on it").click()
    page.get_by_role("heading", level=1, name="Train a model").wait_for()
    page.get_by_label("Name of the model").fill(MODEL)
    page.get_by_role("combobox", name="Network").click()
    page.get_by_role("option", name="FBP, then U-Net").click()
    page.get_by_label("Epochs").fill("3")
    manager.look("laboratory-train", dark=True, phone=True)
    manager.press("Start training")
    page.get_by_role("heading", level=1, name=MODEL).wait_for()
    wait_done(manager)
    curve = page.get_by_role("figure", name="Score").get_by_role("row")
    expect(curve).to_have_count(5)  # head, before the first epoch, three epochs
    manager.look("laboratory-trained", dark=True, phone=True)
    manager.go("Models")
    expect(row(manager, "Models", MODEL)).to_contain_text("Trained here")
    manager.press(f"Details of {MODEL}")
    manager.press("Model card")
    drawer = page.get_by_role("dialog", name=MODEL)
    expect(drawer.get_by_text("hearts-with-lesions").first).to_be_visible()
    drawer.get_by_role("link", name="Try it").click()
    page.get_by_role("heading", level=1, name="Try a model").wait_for()
    assert manager.complaints == []


def test_mlp_4_a_model_is_tried_beside_osem_and_the_image_taken_along(house: House) -> None:
    manager, page = house.manager, house.manager.page
    expect(page.get_by_role("combobox", name="Model")).to_have_value(MODEL)
    manager.look("laboratory-try", phone=True)
    manager.press("Reconstruct")
    wait_done(manager)
    for name in ("OSEM", "Model", "Reference"):
        expect(page.get_by_role("slider", name=f"{name}, Axial")).to_be_visible()
    first = page.get_by_role("slider", name="OSEM, Axial")
    first.focus()
    first.press("ArrowUp")
    other = page.get_by_role("slider", name="Model, Axial")
    assert other.get_attribute("aria-valuenow") == first.get_attribute("aria-valuenow") == "8"
    manager.look("laboratory-tried", dark=True, phone=True)
    for form, magic, at in (("DICOM", b"DICM", 128), ("HDF5", b"\x89HDF", 0), ("NIfTI", b"\x1f\x8b", 0)):
        manager.press("Download")
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=f"Model as {form}").click()
        assert download.value.path().read_bytes()[at : at + len(magic)] == magic
    with page.expect_download() as download:
        manager.press("Save picture (PNG)")
    assert download.value.path().read_bytes()[:4] == b"\x89PNG"
    assert manager.complaints == []


def test_mlp_1_methods_are_compared_on_a_folder_of_this_computer(house: House) -> None:
    manager, page = house.manager, house.manager.page
    made = next(iter(house.daemon.items("/laboratory/sets")))
    folder = house.folder / "holdout"
    folder.mkdir()
    for number in (0, 1, 2):
        (folder / f"study-{number}.h5").write_bytes((Path(str(made["folder"])) / f"study-0000{number}.h5").read_bytes())
    (folder / "study-9.h5").write_bytes(b"no study at all")
    manager.go("Laboratory")
    manager.press("Add a folder")
    dialog = page.get_by_role("dialog", name="Add a folder")
    dialog.get_by_label("Name of the data set").fill("Hold-out")
    dialog.get_by_role("textbox", name="Folder").fill(str(folder))
    manager.look("laboratory-folder", whole=False)
    manager.press("Check and add", dialog)
    expect(row(manager, "Data sets", "Hold-out")).to_contain_text("Ready", timeout=JOB_MS)
    row(manager, "Data sets", "Hold-out").get_by_role("link").click()
    expect(page.get_by_text("1 file cannot be used")).to_be_visible()
    page.get_by_role("link", name="Compare on it").click()
    page.get_by_role("heading", level=1, name="Compare models").wait_for()
    page.get_by_label("Title").fill("Is it better?")
    page.get_by_role("checkbox", name=MODEL).check()
    page.get_by_role("checkbox", name="FBP").check()
    manager.look("laboratory-compare", phone=True)
    manager.press("Compare")
    page.get_by_role("heading", level=1, name="Is it better?").wait_for()
    wait_done(manager)
    table = page.get_by_role("table", name="Figures")
    expect(table.get_by_role("columnheader")).to_have_text(["Figure", MODEL, "OSEM", "FBP"])
    expect(table.get_by_role("row", name="Error in the body")).to_contain_text("worse")
    manager.look("laboratory-compared", dark=True, phone=True)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Report with pictures").click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Is it better?")
    opened.value.close()
    manager.go("Laboratory")
    manager.look("laboratory", dark=True, phone=True)
    assert manager.complaints == []
