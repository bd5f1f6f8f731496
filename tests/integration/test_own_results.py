"""A hospital's comparison on its own hold-out, with real children: killed, cancelled, ended with the daemon, and gone on with."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contributor.services.own_results import OwnResults
from fl_core.protocol.messages import ModelNews, SitePhase
from fl_core.protocol.plan import RunnerEvent, SentUpdate
from fl_core.supervision.jobs import run_job
from model.checkpoint import save_model
from model.io.weights import load_arrays
from model.tasks import load_task
from tests.support.contributor import TestSite, client_of, composed, enrolled_site, make_offer, wait_for
from tests.support.stack import descendants

TASK = "spect-reconstruction"
NETWORK: dict[str, object] = {"name": "fbp_unet", "channels": [4, 4, 4]}
PARAMETERS: dict[str, object] = {"local_epochs": 12, "holdout_fraction": 0.5}
ROUNDS, STUDIES, LONG_S = 4, 10, 60.0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """Yield a site that gave an update in rounds 1, 2 and 4 of a session, and has its model."""
    with enrolled_site(tmp_path) as ready:
        ready.paths.models.mkdir(parents=True, exist_ok=True)
        first, last = (_weights(ready, seed) for seed in (0, 1))
        offer = make_offer(
            task_parameters=PARAMETERS, network=NETWORK, initial_model_sha256=first.content_hash, rounds=ROUNDS
        )
        ready.add_studies(STUDIES)
        session_id = ready.receive(offer)
        ready.answer(session_id)
        for number, phase in ((1, SitePhase.SENT), (2, SitePhase.SENT), (3, SitePhase.FAILED), (4, SitePhase.SENT)):
            _lived(ready, session_id, number, phase)
        ready.daemon.services.participation.ingest()
        news = ModelNews(
            session_id=session_id,
            round=ROUNDS,
            rounds=ROUNDS,
            model_id="model-1",
            name="Together",
            sha256=last.content_hash,
            size_bytes=(ready.paths.models / f"{last.content_hash}.safetensors").stat().st_size,
            task=TASK,
            metrics={},
            final=False,
            card=last.model_dump(mode="json"),
        )
        ready.daemon.services.models.receive(news.model_dump(mode="json"))
        yield ready


def _weights(site: TestSite, seed: int) -> Any:
    network = load_task(TASK).build_network(NETWORK, seed=seed)
    saved = save_model(site.paths.models, network, task=TASK, config=NETWORK, created_at="2026-01-01T00:00:00+00:00")
    return saved.card


def _lived(site: TestSite, session_id: str, number: int, phase: SitePhase) -> None:
    sent = SentUpdate(bytes=1, tensors=1, shapes={}, sha256="0" * 64, norm=1.0, num_examples=1)
    event = RunnerEvent(
        seq=number,
        at=datetime.now(UTC),
        session_id=session_id,
        round=number,
        phase=phase,
        sent=sent if phase == SitePhase.SENT else None,
    )
    site.paths.progress.parent.mkdir(parents=True, exist_ok=True)
    with site.paths.progress.open("a", encoding="utf-8") as stream:
        stream.write(event.model_dump_json() + "\n")


def _state(client: Any, result_id: str) -> str:
    return str(client.get(f"/api/v1/results/{result_id}").json["state"])


def _child() -> int:
    found = [pid for pid in descendants(os.getpid()) if b"model.hospital_jobs" in _command(pid)]
    assert len(found) == 1
    return found[0]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.slow  # trains three times
def test_a_comparison_survives_cancel_kill_and_the_end_of_the_daemon(site: TestSite) -> None:
    client, service = site.client, site.daemon.services.results
    service.start()
    made = client.post("/api/v1/results", json={"model_id": "model-1"})
    assert made.status_code == 202, made.json
    result_id = made.json["id"]
    assert client.post("/api/v1/results", json={"model_id": "model-1"}).json["id"] == result_id

    wait_for(lambda: _kept(site, result_id) >= 1, LONG_S)
    assert client.post(f"/api/v1/results/{result_id}/cancel").json["ending"] is True
    wait_for(lambda: _state(client, result_id) == "cancelled", LONG_S)

    def trains() -> bool:
        view = client.get(f"/api/v1/results/{result_id}").json
        return bool((view["state"], view["stage"]) == ("running", "training"))  # the old stage stays for a moment

    client.post(f"/api/v1/results/{result_id}/resume")
    wait_for(trains, LONG_S)
    os.kill(_child(), signal.SIGKILL)
    wait_for(lambda: _state(client, result_id) == "failed", LONG_S)
    assert client.get(f"/api/v1/results/{result_id}").json["problem"]["code"] == "compute.failed"
    assert _kept(site, result_id) >= 1

    client.post(f"/api/v1/results/{result_id}/resume")
    wait_for(lambda: _state(client, result_id) == "running", LONG_S)
    service.stop()
    wait_for(lambda: _state(client, result_id) == "interrupted", LONG_S)

    with composed(site.paths.home) as again:
        again.services.results.start()
        client = client_of(again)
        wait_for(lambda: _state(client, result_id) == "done", LONG_S)
        view = client.get(f"/api/v1/results/{result_id}").json
        _is_whole(view)
        image = client.get(f"/api/v1/results/{result_id}/cases/0/arrays/local")
        assert image.headers["X-Flomir-Shape"] == "8,20,20"
        assert client.get(f"/api/v1/results/{result_id}/cases/99/arrays/local").status_code == 404
        straight = _in_one_go(site, again.services.results, result_id)
    broken = load_arrays(site.paths.results / result_id / "own-3.safetensors")
    assert all((broken[name] == straight[name]).all() for name in straight)


def _kept(site: TestSite, result_id: str) -> int:
    return max((int(path.stem[4:]) for path in (site.paths.results / result_id).glob("own-*.safetensors")), default=0)


def _is_whole(view: Any) -> None:
    findings = view["findings"]
    assert findings["rounds"] == [1, 2, 4]
    assert findings["patients"] == 5
    assert findings["trained_on"] == 5
    assert findings["steps"] == 3 * 12 * 5
    assert all(case["name"].startswith("scan-") for case in findings["cases"])
    main = next(metric for metric in findings["metrics"] if metric["key"] == "nrmse_body")
    assert set(main["methods"]) == {"osem", "local", "federated"}
    difference = main["federated_over_local"]
    assert difference["low"] <= difference["value"] <= difference["high"]
    assert difference["verdict"] in {"better", "worse", "unclear"}
    assert findings["cases"][0]["arrays"] == ["osem", "local", "federated", "reference"]


def _in_one_go(site: TestSite, service: OwnResults, result_id: str) -> Any:
    """Run the same request in one child that nobody disturbs."""
    folder = site.paths.results / "straight"
    with ExitStack() as left:
        left.callback(shutil.rmtree, folder, ignore_errors=True)
        request = service._ask("model-1", folder) | {
            "initial": str(next(p for p in site.paths.models.glob("*.safetensors") if p.stem == _initial(site))),
            "federated": str(service._models.weights_path("model-1")),
        }
        run_job("model.hospital_jobs", request, timeout_s=LONG_S)
        return load_arrays(folder / "own-3.safetensors")


def _initial(site: TestSite) -> str:
    return str(site.client.get("/api/v1/requests").json["items"][0]["offer"]["initial_model_sha256"])


def test_without_an_update_of_this_site_there_is_nothing_to_compare(site: TestSite) -> None:
    news = ModelNews.model_validate(site.daemon.services.models._store.get("model-1").news.model_dump(mode="json"))
    other = news.model_copy(update={"model_id": "model-2", "round": 0})
    site.daemon.services.models.receive(other.model_dump(mode="json"))
    answer = site.client.post("/api/v1/results", json={"model_id": "model-2"})
    assert answer.status_code == 409
    assert "no update" in answer.json["detail"]
    assert site.client.get("/api/v1/results").json["items"] == []
