"""The registry: names, descent, the bin, and uploads that are refused whole."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from fl_core.errors import InvalidInput
from model.jobs import answer_request
from tests.support.orchestrator import HOST, TOKEN, Lab, write_model
from tests.support.shipped import ship_instead

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def _initialise(lab: Lab, name: str, seed: int = 1) -> dict[str, object]:
    return lab.ok("POST", "/models/initialise", {"name": name, "task": "brain-segmentation", "seed": seed})


def _upload(lab: Lab, content: bytes) -> TestResponse:
    return lab.client.post(
        "/api/v1/models",
        data={"name": "Up", "task": "brain-segmentation", "file": (io.BytesIO(content), "w.safetensors")},
        headers={"Authorization": f"Bearer {TOKEN}", "Host": HOST},
        buffered=True,
    )


def test_a_renamed_model_keeps_its_content_and_the_pages_learn_of_it(lab: Lab) -> None:
    made = _initialise(lab, "First")
    renamed = lab.ok("PATCH", f"/models/{made['id']}", {"name": "Second"})
    assert (renamed["name"], renamed["sha256"]) == ("Second", made["sha256"])
    assert [delta.type for delta in lab.deltas][-1] == "model"
    assert lab.call("PATCH", f"/models/{made['id']}", {"name": ""}).status_code == 422


def test_a_deleted_models_file_goes_to_the_bin_when_no_other_model_has_its_content(lab: Lab) -> None:
    first, twin = _initialise(lab, "First"), _initialise(lab, "Twin")
    assert first["sha256"] == twin["sha256"]
    file, binned = (lab.home / "models" / part / f"{first['sha256']}.safetensors" for part in ("", "bin"))
    lab.ok("DELETE", f"/models/{first['id']}")
    assert file.is_file()
    lab.ok("DELETE", f"/models/{twin['id']}")
    assert not file.exists()
    assert binned.is_file()
    assert lab.call("GET", f"/models/{twin['id']}").status_code == 404
    assert lab.call("DELETE", f"/models/{twin['id']}").status_code == 404


def test_a_deleted_model_is_restored_as_it_was(lab: Lab) -> None:
    made = _initialise(lab, "First")
    file = lab.home / "models" / f"{made['sha256']}.safetensors"
    content = file.read_bytes()
    lab.ok("DELETE", f"/models/{made['id']}")
    (binned,) = lab.items("/models/bin")
    assert (binned["id"], binned["name"]) == (made["id"], "First")
    assert binned["deleted_at"] is not None
    back = lab.ok("POST", f"/models/{made['id']}/restore")
    assert (back["sha256"], back["deleted_at"]) == (made["sha256"], None)
    assert file.read_bytes() == content
    assert lab.items("/models/bin") == []
    assert lab.call("POST", f"/models/{made['id']}/restore").status_code == 404


def test_a_model_removed_for_good_cannot_come_back_and_its_file_goes_with_the_last_twin(lab: Lab) -> None:
    first, twin = _initialise(lab, "First"), _initialise(lab, "Twin")
    binned = lab.home / "models" / "bin" / f"{first['sha256']}.safetensors"
    for made in (first, twin):
        lab.ok("DELETE", f"/models/{made['id']}")
    lab.ok("DELETE", f"/models/{first['id']}/remains")
    assert binned.is_file()
    assert [item["id"] for item in lab.items("/models/bin")] == [twin["id"]]
    assert lab.call("POST", f"/models/{first['id']}/restore").status_code == 404
    lab.ok("DELETE", f"/models/{twin['id']}/remains")
    assert not binned.exists()
    assert lab.call("DELETE", f"/models/{twin['id']}/remains").status_code == 404


def test_a_model_that_is_not_deleted_is_not_removed(lab: Lab) -> None:
    made = _initialise(lab, "First")
    assert lab.call("DELETE", f"/models/{made['id']}/remains").status_code == 404
    assert lab.ok("GET", f"/models/{made['id']}")["id"] == made["id"]


def test_a_task_has_one_recommended_model_and_both_changes_are_told(lab: Lab) -> None:
    first, second = _initialise(lab, "First", 1), _initialise(lab, "Second", 2)
    assert lab.ok("PUT", f"/models/{first['id']}/recommended", {"recommended": True})["recommended"]
    told = len(lab.deltas)
    assert lab.ok("PUT", f"/models/{second['id']}/recommended", {"recommended": True})["recommended"]
    assert [m["name"] for m in lab.items("/models") if m["recommended"]] == ["Second"]
    assert sum(delta.type == "model" for delta in lab.deltas[told:]) == 2
    assert not lab.ok("PUT", f"/models/{first['id']}/recommended", {"recommended": False})["recommended"]
    assert [m["name"] for m in lab.items("/models") if m["recommended"]] == ["Second"]
    lab.ok("DELETE", f"/models/{second['id']}")
    assert not lab.ok("POST", f"/models/{second['id']}/restore")["recommended"]


def test_an_upload_that_does_not_fit_is_refused_and_leaves_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(module: str, request: Mapping[str, object], *, timeout_s: float) -> dict[str, object]:
        message = f"{Path(str(request['path'])).name} is not a safetensors file"
        raise InvalidInput(message, code="model.invalid")

    monkeypatch.setattr(lab.core.models, "_run_job", refuse)
    answer = _upload(lab, b"x" * 100)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (422, "model.invalid")
    assert answer.json["detail"] == "the file is not a safetensors file"
    assert list((lab.home / "models").iterdir()) == []


def test_an_upload_over_the_limit_is_refused_before_it_is_stored(lab: Lab) -> None:
    answer = _upload(lab, b"x" * 300_000)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (413, "upload.too_large")
    assert list((lab.home / "models").iterdir()) == []


def test_an_uploaded_model_is_kept_under_its_content(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = write_model(tmp_path, seed=7)
    content = (tmp_path / f"{card.content_hash}.safetensors").read_bytes()

    def accept(module: str, request: Mapping[str, object], *, timeout_s: float) -> dict[str, object]:
        assert Path(str(request["path"])).read_bytes() == content
        return card.model_dump(mode="json", include={"network", "tensors", "parameters"})

    monkeypatch.setattr(lab.core.models, "_run_job", accept)
    answer = _upload(lab, content)
    assert answer.json is not None, answer.text
    assert (answer.status_code, answer.json["sha256"]) == (201, card.content_hash)
    weights = lab.client.get(
        f"/api/v1/models/{answer.json['id']}/weights",
        headers={"Authorization": f"Bearer {TOKEN}", "Host": HOST},
        buffered=True,
    )
    assert weights.data == content


def test_a_session_from_a_model_of_another_task_is_refused(lab: Lab) -> None:
    site = lab.site()
    made = _initialise(lab, "Brain")
    body = {"title": "x", "task": "spect-reconstruction", "model_id": made["id"], "site_ids": [site.site_id]}
    answer = lab.call("POST", "/sessions", {**body, "rounds": 1, "quorum": 1, "strategy": {"name": "fedavg"}})
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (422, "model.invalid")


def test_the_trained_network_that_comes_with_the_package_becomes_a_model(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [saved] = ship_instead(monkeypatch, tmp_path / "weights", "unrolled_em")

    def in_this_process(module: str, request: Mapping[str, object], *, timeout_s: float) -> dict[str, object]:
        return dict(answer_request(json.dumps(request), lambda done: None))

    monkeypatch.setattr(lab.core.models, "_run_job", in_this_process)
    wanted = {"name": "Trained", "task": "spect-reconstruction", "shipped": "default"}
    made = lab.ok("POST", "/models/initialise", wanted)
    assert (made["origin"], made["network"], made["sha256"]) == ("shipped", "unrolled_em", saved.card.content_hash)
    assert made["metrics"] == {"nrmse_body": 0.25, "cases": 3}
    assert (lab.home / "models" / f"{made['sha256']}.safetensors").is_file()
