"""Promises about what a session is estimated to take, about its export, and about families of models."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fl_core.protocol.messages import DataSummary
from fl_core.protocol.signing import sha256_of
from orchestrator import commands
from orchestrator.client import DaemonClient
from tests.support.orchestrator import TASK, Lab, SiteActor

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    one = Lab(tmp_path)
    yield one
    one.close()


def tell_data(site: SiteActor, studies: int, *, bare: int = 0) -> None:
    usable = studies + bare
    summary = DataSummary(
        studies_usable=usable,
        studies_total=usable,
        with_reference=studies,
        patients=usable,
        by_task={TASK: usable},
        by_task_with_reference={TASK: studies},
    )
    assert site.call("POST", "/peer/v1/summary", summary.model_dump(mode="json")).status_code == 204


def estimate(lab: Lab, *sites: SiteActor, **changes: object) -> dict[str, object]:
    body = {"task": TASK, "site_ids": [site.site_id for site in sites], "rounds": 10, "local_epochs": 2, **changes}
    return lab.ok("POST", "/sessions/estimate", body)


def finished(lab: Lab, *sites: SiteActor, rounds: int = 2) -> str:
    session_id = lab.running(*sites, rounds=rounds, task_parameters={"local_epochs": 1})
    lab.report(session_id, "started", number=0)
    for number in range(1, rounds + 1):
        lab.close_round(session_id, number, *(site.site_id for site in sites))
    lab.report(session_id, "completed", number=rounds)
    return session_id


def test_an_estimate_without_earlier_rounds_says_that_it_is_not_known(lab: Lab) -> None:
    site = lab.site()
    tell_data(site, 8)
    found = estimate(lab, site)
    assert (found["total_s"], found["round_s"], found["rounds_seen"], found["bytes_all"]) == (None, None, 0, None)


def test_an_estimate_grows_with_studies_passes_and_rounds_and_names_sites_that_never_trained(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    finished(lab, first)
    tell_data(first, 8)
    once = estimate(lab, first)
    assert isinstance(once["total_s"], float)
    assert once["total_s"] > 0
    assert once["rounds_seen"] == 2
    more = estimate(lab, first, rounds=20)
    assert more["total_s"] == pytest.approx(2 * once["total_s"])
    tell_data(first, 16)
    assert float(str(estimate(lab, first)["round_s"])) > float(str(once["round_s"]))
    tell_data(first, 8, bare=8)
    assert estimate(lab, first)["round_s"] == once["round_s"], "studies without a reference are left out"
    assert float(str(estimate(lab, first, without_reference=True)["round_s"])) > float(str(once["round_s"]))
    mixed = estimate(lab, first, second)
    assert mixed["total_s"] is None
    assert {row["site_name"]: row["round_s"] is None for row in mixed["sites"]} == {"A": False, "B": True}  # type: ignore[attr-defined]


def test_the_estimated_traffic_counts_the_sites_that_are_drawn(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    model = lab.items("/models")[0] if lab.items("/models") else None
    assert model is None
    finished(lab, first)
    model = lab.items("/models")[0]
    whole = estimate(lab, first, second, model_id=model["id"])
    half = estimate(lab, first, second, model_id=model["id"], fraction=0.5)
    assert whole["bytes_all"] == 2 * int(str(half["bytes_all"])) == 2 * 2 * model["size_bytes"] * 10


def test_an_export_holds_the_session_its_models_and_every_signed_document(lab: Lab) -> None:
    site = lab.site()
    session_id = finished(lab, site)
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 3})
    found = lab.ok("GET", f"/sessions/{session_id}/export")
    assert (found["format"], found["session"]["id"]) == ("flomir-session", session_id)
    assert [model["round"] for model in found["models"]] == [1, 2]
    assert [json.loads(pair["offer"]["payload"])["rounds"] for pair in found["documents"]] == [2, 3]
    consent = json.loads(found["documents"][0]["consent"]["payload"])
    assert consent["offer_sha256"] == sha256_of(found["documents"][0]["offer"]["payload"])


def test_the_command_writes_the_export_to_a_file(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = finished(lab, lab.site())
    monkeypatch.setattr(DaemonClient, "__init__", lambda self, home: None)
    monkeypatch.setattr(DaemonClient, "call", lambda self, method, path, body=None: lab.ok(method, path, body))
    out = tmp_path / "session.json"
    result = CliRunner().invoke(commands.orchestrator, ["session", "export", session_id, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["session"]["id"] == session_id
    (tmp_path / "file").write_text("")
    inside = str(tmp_path / "file" / "x.json")
    result = CliRunner().invoke(commands.orchestrator, ["session", "export", session_id, "--out", inside])
    assert result.exit_code == 1
    assert "--out" in result.output


def test_a_family_holds_ancestors_and_descendants_deleted_ones_too_and_nobody_else(lab: Lab) -> None:
    session_id = finished(lab, lab.site())
    stranger = lab.ok("POST", "/models/initialise", {"name": "Stranger", "task": TASK, "seed": 99})
    first, second = (row["model_id"] for row in lab.session(session_id)["rounds"])
    start = lab.session(session_id)["initial_model_id"]
    lab.ok("DELETE", f"/models/{first}")
    found = lab.ok("GET", f"/models/{second}/family")["items"]
    assert [node["id"] for node in found] == [start, first, second]
    assert [node["deleted"] for node in found] == [False, True, False]
    assert [node["id"] for node in lab.ok("GET", f"/models/{start}/family")["items"]] == [start, first, second]
    assert [node["id"] for node in lab.ok("GET", f"/models/{stranger['id']}/family")["items"]] == [stranger["id"]]


def test_models_of_different_tasks_are_not_compared(lab: Lab) -> None:
    one = lab.ok("POST", "/models/initialise", {"name": "One", "task": TASK, "seed": 1})
    other = lab.ok("POST", "/models/initialise", {"name": "Other", "task": "spect-reconstruction", "seed": 2})
    answer = lab.call("GET", f"/models/{one['id']}/compare/{other['id']}")
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")


def test_terms_of_use_go_from_a_model_to_the_rounds_that_begin_with_it_and_to_the_sites(lab: Lab) -> None:
    site = lab.site()
    start = lab.ok("POST", "/models/initialise", {"name": "Start", "task": TASK, "seed": 1, "terms": "Research only."})
    assert start["card"]["terms"] == "Research only."
    session_id = lab.running(site, model_id=start["id"], rounds=1)
    lab.report(session_id, "started", number=0)
    lab.close_round(session_id, 1, site.site_id)
    made = lab.ok("GET", f"/models/{lab.session(session_id)['latest_model_id']}")
    assert made["card"]["terms"] == "Research only."
    assert made["card"]["training"]["privacy"]["differential_privacy"] is False
    assert made["card"]["training"]["privacy"]["max_update_norm"] == 40.0  # the one in force in that round
    [news] = [event for event in site.events() if event["type"] == "model"]
    assert news["payload"]["card"]["terms"] == "Research only."
