"""Promises about the quality of studies: shown with the study, and an error keeps it out of training but not out of sight."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contributor.services.quality import judged
from fl_core.storage.site_quality import QualityStore
from model.io.study import write_study
from model.quality.check import CHECKS
from model.quality.report import Finding, Level, QualityReport
from tests.support.contributor import TestSite, enrolled_site
from tests.support.studies import tiny_study, write_tiny_study

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        yield one


def _add(site: TestSite, path: Path) -> dict[str, object]:
    return site.add_file(path).model_dump(mode="json")


def _with_radii_in_cm(path: Path) -> Path:
    study = tiny_study(4)
    radii = tuple(r / 10 for r in study.geometry.radius_mm)
    write_study(path, replace(study, geometry=replace(study.geometry, radius_mm=radii)))
    return path


def test_a_study_with_an_error_is_kept_for_looking_and_may_not_train(site: TestSite, tmp_path: Path) -> None:
    study = _add(site, _with_radii_in_cm(tmp_path / "cm.h5"))
    assert study["state"] == "unusable"
    assert study["problem_code"] == "quality.orbit.radius"
    assert "mm" in str(study["problem"])
    assert study["advice"]
    assert site.client.get(f"/api/v1/studies/{study['id']}/arrays/projections").status_code == 200
    assert site.client.get("/api/v1/system").json["shared_summary"]["studies_usable"] == 0
    details = site.client.get(f"/api/v1/studies/{study['id']}/details").json
    assert details["hindrances"] == ["quality"], details
    restored = site.client.post(f"/api/v1/studies/{study['id']}/restore")
    assert restored.status_code == 409


def test_findings_are_shown_whole_and_at_a_glance(site: TestSite, tmp_path: Path) -> None:
    wrong = _add(site, _with_radii_in_cm(tmp_path / "cm.h5"))
    write_tiny_study(tmp_path / "few.h5", 5)
    right = _add(site, tmp_path / "few.h5")
    assert right["state"] == "usable"
    view = site.client.get(f"/api/v1/studies/{wrong['id']}/quality").json
    assert view["level"] == "error"
    assert view["findings"][0]["code"] == "orbit.radius"
    assert view["findings"][0]["picture"]["kind"] == "curves"
    assert "pixels" in view["checked"]
    glances = {one["study_id"]: one["level"] for one in site.client.get("/api/v1/quality").json["items"]}
    assert glances == {wrong["id"]: "error", right["id"]: "warning"}


def test_a_table_of_studies_can_word_why_one_may_not_train_by_a_code_and_its_numbers(
    site: TestSite, tmp_path: Path
) -> None:
    wrong = _add(site, _with_radii_in_cm(tmp_path / "cm.h5"))
    write_tiny_study(tmp_path / "few.h5", 5)
    right = _add(site, tmp_path / "few.h5")
    whole = site.client.get(f"/api/v1/studies/{wrong['id']}/quality").json["findings"][0]
    glances = {one["study_id"]: one for one in site.client.get("/api/v1/quality").json["items"]}
    cause = glances[wrong["id"]]["cause"]
    assert cause == {key: whole[key] for key in ("code", "text", "remedy", "numbers")}
    assert (cause["text"], f"quality.{cause['code']}") == (wrong["problem"], wrong["problem_code"])
    assert set(cause["numbers"]) == {"least_mm", "most_mm"}
    assert glances[right["id"]]["cause"] is None


def test_a_report_of_earlier_checks_is_made_again(site: TestSite, tmp_path: Path) -> None:
    write_tiny_study(tmp_path / "few.h5", 5)
    study = _add(site, tmp_path / "few.h5")
    view = site.client.get(f"/api/v1/studies/{study['id']}/quality").json
    store = QualityStore(site.daemon.database)
    kept = store.get(str(study["id"]))
    assert kept is not None
    with site.daemon.database.begin() as tx:
        old: dict[str, Any] = {**kept.report, "version": 1, "checked": ["everything"]}
        store.put(tx, replace(kept, report=old))
    again = site.client.get(f"/api/v1/studies/{study['id']}/quality").json
    assert again["checked"] == view["checked"]
    assert again["findings"] == view["findings"]


def test_the_quality_of_a_study_that_is_not_here_is_not_found(site: TestSite) -> None:
    assert site.client.get("/api/v1/studies/study-nowhere/quality").status_code == 404


def test_data_of_another_kind_are_not_checked(site: TestSite, tmp_path: Path) -> None:
    path = tmp_path / "slice.npz"
    np.savez(path, image=np.ones((1, 16, 16), np.float32), labels=np.ones((16, 16), np.int64))
    study = _add(site, path)
    view = site.client.get(f"/api/v1/studies/{study['id']}/quality").json
    assert (view["level"], view["findings"], view["checked_at"]) == ("none", [], None)


def test_a_warning_changes_nothing() -> None:
    report = QualityReport((Finding("counts.low", Level.WARNING, "Few.", "Look."),))
    record = object()
    assert judged(record, report) is record  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_check_has_a_name_on_the_page(language: str) -> None:
    words = (REPOSITORY / f"frontend/contributor/src/i18n/{language}.quality.ts").read_text()
    names = re.search(r"check: \{ (.*?) \}", words)
    assert names is not None
    assert set(re.findall(r'(?:^|, )"?([\w ]+?)"?: "', names[1])) == {*CHECKS, "items"}


def test_every_finding_has_its_german() -> None:
    texts = [path.read_text() for path in (REPOSITORY / "model" / "quality").glob("*.py")]
    codes = {code for text in texts for code in re.findall(r'Finding\(\s*"([a-z_.]+)"', text)}
    german = (REPOSITORY / "frontend/contributor/src/i18n/findings.de.ts").read_text()
    captions = (REPOSITORY / "frontend/contributor/src/i18n/de.quality.ts").read_text()
    assert len(codes) > 20
    assert [code for code in sorted(codes) if f'"{code}":' not in german] == []
    numbers = {code: text for text in texts for code in re.findall(r'Finding\(\s*"([a-z_.]+)"', text)}
    filled = re.findall(r'^ *"([a-z_.]+)": \{ text: "(.*?)", remedy', german, re.MULTILINE)
    marks = [(code, mark) for code, words in filled for mark in re.findall(r"\{\{(\w+)\}\}", words)]
    assert len(marks) > 30
    assert [(code, mark) for code, mark in marks if f'"{mark}":' not in numbers[code]] == []
    named = set(re.findall(r'curve_picture\("([a-z_]+)"', " ".join(texts))) | {"view", "summed", "map"}
    assert [name for name in sorted(named) if f"{name}:" not in captions] == []
