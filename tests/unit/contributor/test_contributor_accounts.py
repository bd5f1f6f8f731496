"""Every route of the hospital's side under every role."""

from collections.abc import Iterator

import pytest
from werkzeug.test import Client, TestResponse

from contributor.api import describe
from contributor.roles import ROLES
from tests.support.contributor import composed

PORT = 4321
ORIGIN = f"http://127.0.0.1:{PORT}"
PASSWORD = "a walk in the long grass"
ROUTES = [
    (method.upper(), path.replace("{round}", "1").replace("{", "").replace("}", ""))
    for path, operations in describe().api_doc["paths"].items()
    for method in operations
    if path.startswith("/api/v1/") and not path.endswith("/me/sign-out")
]
OWN = {("PUT", "/api/v1/activity/seen"), ("PUT", "/api/v1/me/password"), ("DELETE", "/api/v1/me/sign-ins/sign_in_id")}
ADMINISTRATORS = {
    ("POST", "/api/v1/enrolment"), ("DELETE", "/api/v1/enrolment"), ("POST", "/api/v1/links"),
    ("PUT", "/api/v1/settings/proxy"), ("POST", "/api/v1/enrolment/renew"),
    ("PUT", "/api/v1/settings/notices"), ("POST", "/api/v1/settings/notices/test"), ("PUT", "/api/v1/settings/daemon"),
    ("PUT", "/api/v1/storage"), ("POST", "/api/v1/storage/removal"),
    ("POST", "/api/v1/studies/study_id/erasure"),
    *((method, path) for method, path in ROUTES if path.startswith("/api/v1/accounts")),
}  # fmt: skip


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Client]]:
    with composed(tmp_path_factory.mktemp("site"), port=PORT) as daemon:
        accounts = daemon.services.accounts
        clients = {}
        for role in ROLES.order:
            _, token = accounts.invite(f"The {role}", role)
            client = Client(daemon.wsgi, TestResponse)
            client.set_cookie(f"flomir_{PORT}", accounts.join(token, PASSWORD, ""), domain="127.0.0.1")
            clients[role] = client
        yield clients


def code_of(client: Client, method: str, path: str) -> str:
    me = client.get("/api/v1/me", base_url=ORIGIN).json
    assert me is not None
    body: dict[str, object] | None = {} if method in {"POST", "PUT", "PATCH"} else None
    headers = {"X-Flomir-CSRF": me["csrf"], "Origin": ORIGIN}
    answer = client.open(path, method=method, json=body, headers=headers, base_url=ORIGIN, buffered=True)
    return str((answer.json or {}).get("code")) if answer.mimetype == "application/problem+json" else ""


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("role", ["viewer", "professional"])
def test_a_role_does_what_it_may_and_nothing_else(people: dict[str, Client], role: str, method: str, path: str) -> None:
    may_act = role == "professional" or method == "GET" or (method, path) in OWN
    is_open = may_act and (method, path) not in ADMINISTRATORS
    assert (code_of(people[role], method, path) != "auth.role") == is_open


@pytest.mark.parametrize(("method", "path"), sorted(ADMINISTRATORS))
def test_an_administrator_may_everything(people: dict[str, Client], method: str, path: str) -> None:
    assert code_of(people["administrator"], method, path) != "auth.role"


def test_special_roles_name_routes_that_are_there() -> None:
    endpoints = {rule.endpoint for rule in describe().url_map.iter_rules()}
    assert set(ROLES.special) <= endpoints
