"""Nothing of a patient leaves a site or reaches a log.

Names are planted in tags, private tags, names of files and folders, overlays, burnt-in text, members and attributes of
study files and brain samples, damaged files and requests that are refused, then looked for in everything that real daemons
send and write.
"""

import base64
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from flomir.demo.settings import DemoSettings
from flomir.waiting import wait_until
from model.io.imported import PatientFrame
from model.io.nifti import write_nifti
from model.io.study import write_study
from model.io.study_records import Study
from tests.support.dicom import nm_file
from tests.support.sinks import hook_sink
from tests.support.studies import tiny_study, write_tiny_study
from tests.support.tap import heard, tap_environment

SCANS = 5
STUDIES, SLICES = SCANS + 1, 2
"""The scans and one study file; brain samples."""
HOSPITAL = "Hospital Leavesheart"
"""The site's own name leaves on purpose: that it is heard shows that the tap works."""
PLANTED = {
    "PatientName": "Plantedname^Jane", "PatientID": "PLID7781", "PatientBirthDate": "19431231",
    "AccessionNumber": "PLACC99117", "InstitutionName": "Plantedhouse", "ReferringPhysicianName": "Plantedref^Joe",
    "PatientComments": "Plantedcomment lives in Springfield", "StudyDescription": "Planteddescription",
    "OperatorsName": "Plantedoperator^Ann", "StationName": "PLSTATION", "PatientAddress": "Plantedstreet 5",
    "ImageComments": "Plantedimage", "StudyID": "PLSTUDY4", "PatientTelephoneNumbers": "555-771-9931",
}  # fmt: skip
ELSEWHERE = (
    "PLPRIVATE31", "Plantedoverlay", "Plantedfolder", "Plantedfile", "Plantedinterf", "PLNUMBER88", "Plantedhdf",
    "Plantedpath", "PLLIST5501", "Plantedupload", "PLANTEDURL", "PLVALUE27", "Plantedmember", "Plantedattribute",
    "Planteditem", "Plantedentry", "Plantedcollimator", "Plantedwindow", "Plantedlabel", "PLKEY3391", "PLKEY3392",
)  # fmt: skip
BURNT = np.frombuffer(b"PLBURNT in the pixels", dtype=np.uint8)


def _planted(dataset: Any, number: int) -> None:
    for keyword, value in PLANTED.items():
        setattr(dataset, keyword, value)
    dataset.PatientID = f"{PLANTED['PatientID']}-{number}"
    private = dataset.private_block(0x0009, "Plantedcreator", create=True)
    private.add_new(0x10, "LO", "PLPRIVATE31")
    private.add_new(0x11, "PN", PLANTED["PatientName"])
    dataset.BurnedInAnnotation = "YES"
    dataset.add_new(0x60000010, "US", dataset.Rows)
    dataset.add_new(0x60000011, "US", dataset.Columns)
    dataset.add_new(0x60000022, "LO", "Plantedoverlay")
    dataset.add_new(0x60003000, "OB", b"Plantedoverlay written over the image  ")


def _scan(folder: Path, number: int) -> None:
    """Write an acquisition with a reference image beside it; a name stands in the counts of a corner."""
    study = tiny_study(number, counts=4e5, scatter_fraction=0.0)
    counts = study.projections.copy()
    rows, columns = counts.shape[-2:]
    corner = min(len(BURNT), columns)
    counts[0, :, 0, :corner] += BURNT[:corner]
    burnt = Study(projections=counts, geometry=study.geometry, provenance={"generator": "test"})
    stem = f"Plantedfile_{PLANTED['PatientName']}_{number}"
    nm_file(folder / f"{stem}.dcm", lambda dataset: _planted(dataset, number), study=burnt)
    assert rows and study.reference is not None and study.attenuation is not None
    write_nifti(folder / f"{stem}_mumap.nii", study.attenuation, PatientFrame.centred(study.geometry.grid))
    write_nifti(folder / f"{stem}_reference.nii", study.reference, PatientFrame.centred(study.geometry.grid))


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write what a console may export, whole and broken, with names wherever there is a place for one."""
    folder = tmp_path_factory.mktemp("source") / "Plantedfolder Plantedname^Jane"
    for number in range(SCANS):
        place = folder / f"{PLANTED['PatientID']}-{number}"
        place.mkdir(parents=True)
        _scan(place, number)
    _others(folder)
    broken = folder / "Plantedname broken"
    broken.mkdir()
    whole = next(folder.rglob("*.dcm")).read_bytes()
    (broken / "Plantedfile_cut.dcm").write_bytes(whole[: len(whole) // 2])
    nm_file(broken / "Plantedfile_values.dcm", _odd_values)
    header = (
        "!INTERFILE :=\npatient name := Plantedinterf\npatient id := PLID7781\nnumber of projections := PLNUMBER88\n"
    )
    (broken / "Plantedfile.hs").write_text(header, encoding="ascii")
    write_tiny_study(broken / "Plantedfile_Plantedhdf.h5", 99)
    _name_somebody(broken / "Plantedfile_Plantedhdf.h5")
    (broken / "Plantedfile letter.txt").write_text("Plantedname", encoding="ascii")
    return folder


def _others(folder: Path) -> None:
    """Write what is no DICOM: a study file and brain samples, whole, with names wherever there is a place for one."""
    study = tiny_study(41, counts=4e5, patient_key="PLKEY3391")
    collimator, windows = replace(study.geometry.collimator, name="Plantedcollimator"), study.geometry.windows
    geometry = replace(study.geometry, collimator=collimator, windows=(replace(windows[0], name="Plantedwindow"),))
    codes = {("Plantedlabel" if name == "lung" else name): code for name, code in study.label_codes.items()}
    told = {**study.provenance, "comment": "Plantedentry", "notes": ["Plantedentry"], "Plantedentry": 1}
    path = folder / "Plantedfile_study.h5"
    write_study(path, replace(study, geometry=geometry, label_codes=codes, provenance=told))
    with h5py.File(path, "r+") as file:
        file.attrs["Plantedattribute"] = file["projections"].attrs["operator"] = "Plantedname"
        file["Planteditem/deep"] = "Plantedname"
    image, labels = np.random.default_rng(1).random((1, 16, 16)), np.ones((16, 16), np.uint8)
    extra: dict[str, Any] = {
        "patient_name": "Plantedname",
        "Plantedmember": image,
        "notes": np.array(["Plantedmember"]),
    }
    np.savez(folder / "Plantedfile brain_1.npz", image=image, labels=labels, patient_key="PLKEY3392", **extra)
    with h5py.File(folder / "Plantedfile brain_2.h5", "w") as file:
        file["image"], file["labels"], file["patient_name"] = image + 1, labels, "Plantedname"
        file["image"].attrs["Plantedattribute"] = file.attrs["comment"] = "Plantedmember"


def _odd_values(dataset: Any) -> None:
    _planted(dataset, 77)
    dataset.RotationInformationSequence[0].RotationDirection = "PLVALUE27"


def _name_somebody(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["provenance"]
        file["provenance"] = '{"patient_name": "Plantedhdf"}'


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DaemonProcess, DaemonProcess, Path]]:
    folder = tmp_path_factory.mktemp("planted")
    orchestrator = DaemonProcess("orchestrator", folder / "orchestrator", ["--name", "Laboratory"])
    site = DaemonProcess("contributor", folder / "site")
    patch = pytest.MonkeyPatch()
    try:
        orchestrator.launch()
        for name, value in tap_environment(folder / "tap").items():
            patch.setenv(name, value)
        site.launch()
        patch.undo()
        orchestrator.wait_ready()
        site.wait_ready()
        yield orchestrator, site, folder
    finally:
        patch.undo()
        site.stop()
        orchestrator.stop()


@pytest.mark.slow  # a whole session of two rounds
def test_nothing_of_a_patient_leaves_a_site_or_reaches_a_log(
    pair: tuple[DaemonProcess, DaemonProcess, Path], camera: Path
) -> None:
    orchestrator, site, folder = pair
    settings = DemoSettings(contributors=1, rounds=2, local_epochs=1, studies=3, workdir=folder)
    with hook_sink() as told:
        site.call("PUT", "/settings/notices", json_body={"webhook": {"enabled": True, "url": told.url}})
        issued = orchestrator.call("POST", "/invitations", json_body={"site_name": HOSPITAL})
        view = site.call("POST", "/enrolment", json_body={"invitation": issued["text"], "site_name": HOSPITAL})
        fed.approve(orchestrator, str(view["fingerprint"]))
        site_id = fed.connected(site)
        _bring_in(site, camera)
        _provoke(site, camera)
        fed.wait_for_summaries(orchestrator, [(site_id, STUDIES + SLICES)])
        site.call("PUT", "/sharing", json_body={"distributions": True})
        session_id = fed.offer_session(orchestrator, settings, [site_id], "Planted")
        fed.agree(site, session_id)
        view = fed.follow(orchestrator, session_id, lambda _view: None, timeout_s=150)
        assert view["state"] == "completed", (
            view["reason"],
            (site.home / "flower" / "progress.jsonl").read_text()[-2000:],
        )
        _withdraw_one(site)
        told.wait(5)

    sent = heard(folder / "tap")
    assert HOSPITAL.encode() in sent, "the tap hears nothing"
    assert len(sent) > 50_000, "no update was heard"
    assert {"request", "training", "import", "model"} <= {one["kind"] for one in told.contents()}
    places = {
        "what the site sent": sent,
        "the notices": b"".join(body for _, body in told.posts),
        "the laboratory's folder": _everything(orchestrator.home),
        "the site's logs": _everything(site.home / "logs") + (site.home / "daemon.log").read_bytes(),
        "the runner's files": _everything(site.home / "flower") + _everything(site.home / "run"),
        "activity and audit": b"".join(
            site.client.get(path).content for path in ("/activity?limit=500", "/audit?limit=1000", "/system")
        ),
    }
    found = [f"{word!r} in {where}" for where, content in places.items() for word in _words() if _holds(content, word)]
    assert found == []
    studies = _everything(site.home / "studies")
    assert not [word for word in _words() if _holds(studies, word)]
    _told_what_was_left_behind(site)


def _told_what_was_left_behind(site: DaemonProcess) -> None:
    for study in site.items("/studies"):
        details = site.call("GET", f"/studies/{study['id']}/details")
        assert details["removed"], study["kind"]
        told = json.dumps([study["deidentified"], details["removed"], details["notes"], study["geometry"]])
        assert not [word for word in _words() if word.lower() in told.lower()], told


def _bring_in(site: DaemonProcess, camera: Path) -> None:
    begun = site.call("POST", "/imports/folder", json_body={"path": str(camera)})

    def ended() -> dict[str, object] | None:
        one = site.call("GET", f"/imports/{begun['id']}")
        return one if one["state"] in {"done", "failed", "cancelled"} else None

    done = wait_until(ended, timeout_s=90, what="the end of the import")
    assert (done["state"], done["added"]) == ("done", STUDIES + SLICES), done
    rows = site.items(f"/imports/{begun['id']}/files")
    assert sum(row["state"] == "refused" for row in rows) == 5
    for row in rows:
        told = f"{row['code']} {row['detail']} {row['advice']}"  # the name of a file is the page's own business
        assert not [word for word in _words() if word.lower() in told.lower()], row


def _provoke(site: DaemonProcess, camera: Path) -> None:
    """Ask for what is refused, with names in the question."""
    client = site.client
    client.post("/imports/folder", json={"path": "/nowhere/Plantedpath"})
    cut = next(camera.rglob("*_cut.dcm")).read_bytes()
    client.post("/patients/reconcile", json={"text": "Name;ID\nPlantedname;PLLIST5501\n"})
    client.get("/studies/PLANTEDURL")
    client.post("/patients/PLANTEDURL/withdraw")
    client.get("/studies", params={"search": PLANTED["PatientName"]})
    client.put("/storage", json={"folder": "Plantedpath", "quota_bytes": None})
    made = client.post("/imports").json()
    client.post(f"/imports/{made['id']}/files", files=[("files", (f"{'x' * 300}Plantedupload/../a.dcm", b"x"))])
    client.post(f"/imports/{made['id']}/files", files=[("files", ("a/" * 50 + "Plantedupload", b"x"))])
    client.post(f"/imports/{made['id']}/cancel")
    made = client.post("/imports").json()
    names = ("Plantedupload.h5", "Plantedupload.dcm")
    client.post(f"/imports/{made['id']}/files", files=[("files", (name, cut)) for name in names])
    client.post(f"/imports/{made['id']}/begin")


def _withdraw_one(site: DaemonProcess) -> None:
    [first, *_] = site.items("/patients")
    site.call("POST", f"/patients/{first['patient']}/withdraw", json_body={})


def _words() -> list[str]:
    names = [part for value in PLANTED.values() for part in value.replace("^", " ").split() if len(part) > 5]
    return [*dict.fromkeys([*names, *ELSEWHERE, "PLBURNT"])]


def _holds(content: bytes, word: str) -> bool:
    lower = content.lower()
    plain = word.lower()
    forms = (
        plain.encode(),
        plain.encode("utf-16-le"),
        plain.encode("utf-32-le"),
        base64.b64encode(word.encode())[:-4].lower(),
    )
    return any(len(form) > 4 and form in lower for form in forms)


def _everything(folder: Path) -> bytes:
    return b"".join(_content(path) for path in sorted(folder.rglob("*")) if path.is_file())


def _content(path: Path) -> bytes:
    """Return the bytes of a file, and what a compressed one holds."""
    content = path.read_bytes()
    if not zipfile.is_zipfile(path):
        return content
    with zipfile.ZipFile(path) as archive:
        return content + b"".join(name.encode() + archive.read(name) for name in archive.namelist())
