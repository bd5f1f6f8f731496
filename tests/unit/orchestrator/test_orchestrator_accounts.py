"""The way in, and every route under every role, through the whole web application."""

import re
from collections.abc import Iterator

import pytest
from werkzeug.test import Client, TestResponse

from orchestrator.api import describe
from orchestrator.roles import ROLES
from tests.support.orchestrator import HOST, PORT, Lab

ORIGIN = f"http://{HOST}"
PASSWORD = "a walk in the long grass"
ROUTES = [
    (method.upper(), path.replace("{", "").replace("}", ""))
    for path, operations in describe().api_doc["paths"].items()
    for method in operations
]
OPEN_TO_VIEWERS = {
    ("PUT", "/api/v1/activity/seen"), ("PUT", "/api/v1/me/password"), ("DELETE", "/api/v1/me/sign-ins/sign_in_id"),
    ("POST", "/api/v1/sessions/estimate"),
}  # fmt: skip
CLOSED_TO_VIEWERS = {("GET", "/api/v1/accounts")}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, each_database: None) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("accounts"))
    yield made
    made.close()


class Person:
    """A browser that is signed in, with its token."""

    def __init__(self, lab: Lab, cookie: str) -> None:
        self.client = Client(lab.wsgi, TestResponse)
        self.client.set_cookie(f"flomir_{PORT}", cookie, domain="127.0.0.1")
        me = self.client.get("/api/v1/me", base_url=ORIGIN).json
        assert me is not None
        self.me = me

    def call(self, method: str, path: str, body: object = None) -> TestResponse:
        headers = {"X-Flomir-CSRF": self.me["csrf"], "Origin": ORIGIN}
        return self.client.open(path, method=method, json=body, headers=headers, base_url=ORIGIN, buffered=True)


def form(lab: Lab, path: str, **fields: str) -> TestResponse:
    headers = {"Host": HOST, "Accept": "text/html", "Origin": ORIGIN}
    return lab.client.post(path, data=fields, headers=headers)


def cookie_of(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["Set-Cookie"].split("=", 1)[1].split(";")[0]


def invited(lab: Lab, name: str, role: str) -> str:
    """Return the token of an invitation link."""
    made = lab.ok("POST", "/accounts", {"name": name, "role": role})
    found = re.fullmatch(rf"http://127\.0\.0\.1:{PORT}/join\?token=([\w-]+)", made["link"])
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def viewer(lab: Lab) -> Person:
    token = invited(lab, "Vera Viewer", "viewer")
    return Person(lab, cookie_of(form(lab, "/join", token=token, password=PASSWORD, again=PASSWORD)))


def test_an_invited_person_chooses_a_password_and_is_in(lab: Lab) -> None:
    token = invited(lab, "New Manager", "manager")
    page = lab.client.get(f"/join?token={token}", headers={"Host": HOST, "Accept": "text/html"})
    assert page.status_code == 200
    assert "Welcome, New Manager" in page.text
    unequal = form(lab, "/join", token=token, password=PASSWORD, again=PASSWORD + "x")
    assert unequal.status_code == 422
    assert "The two passwords differ" in unequal.text
    weak = form(lab, "/join", token=token, password="short", again="short")
    assert weak.status_code == 422
    assert "easily guessed" in weak.text
    person = Person(lab, cookie_of(form(lab, "/join", token=token, password=PASSWORD, again=PASSWORD)))
    assert (person.me["name"], person.me["role"], person.me["can_act"]) == ("New Manager", "manager", True)
    again = lab.client.get(f"/join?token={token}", headers={"Host": HOST, "Accept": "text/html"})
    assert again.status_code == 403
    assert "not open" in again.text
    signed_in = Person(lab, cookie_of(form(lab, "/login", name="new manager", password=PASSWORD)))
    assert signed_in.call("POST", "/api/v1/invitations", {}).status_code == 201
    rows = lab.ok("GET", "/audit?limit=1000")["items"]
    assert rows[-1]["actor"] == "New Manager"  # who acted, not only that somebody did


def test_a_wrong_password_shows_the_form_again_with_the_name(lab: Lab) -> None:
    answer = form(lab, "/login", name='<b>"x"</b>', password="wrong")
    assert answer.status_code == 403
    assert "Name or password is wrong" in answer.text
    assert "&lt;b&gt;" in answer.text
    assert "<b>" not in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/login", "/join"])
def test_forms_of_another_page_and_forms_too_large_are_refused(lab: Lab, path: str) -> None:
    headers = {"Host": HOST, "Accept": "text/html", "Origin": "http://evil.example"}
    assert lab.client.post(path, data={"name": "a", "password": "b"}, headers=headers).status_code == 403
    assert form(lab, path, name="a" * 5000, password="b").status_code == 422


def test_a_page_without_a_sign_in_is_the_sign_in_page(lab: Lab) -> None:
    answer = lab.client.get("/sites", headers={"Host": HOST, "Accept": "text/html"})
    assert answer.status_code == 401
    assert 'name="password"' in answer.text
    assert "nonce-" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] != "/api/v1/me/sign-out"])
def test_a_viewer_reads_and_changes_nothing(viewer: Person, method: str, path: str) -> None:
    answer = viewer.call(method, path, {} if method in {"POST", "PUT", "PATCH"} else None)
    is_open = (method == "GET" or (method, path) in OPEN_TO_VIEWERS) and (method, path) not in CLOSED_TO_VIEWERS
    code = (answer.json or {}).get("code") if answer.mimetype == "application/problem+json" else None
    assert (code == "auth.role") != is_open, (answer.status_code, code)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_manager_is_refused_nowhere_for_the_role(lab: Lab, method: str, path: str) -> None:
    answer = lab.call(method, path, {} if method in {"POST", "PUT", "PATCH"} else None)
    code = (answer.json or {}).get("code") if answer.mimetype == "application/problem+json" else None
    assert code != "auth.role"


def test_special_roles_name_routes_that_are_there() -> None:
    app = describe()
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert set(ROLES.special) <= endpoints
    assert not ROLES.allows("emperor", "system.get_system", "GET")


def test_signing_out_ends_the_sign_in(lab: Lab) -> None:
    token = invited(lab, "Short Visit", "viewer")
    person = Person(lab, cookie_of(form(lab, "/join", token=token, password=PASSWORD, again=PASSWORD)))
    (sign_in,) = person.call("GET", "/api/v1/me/sign-ins").json["items"]  # type: ignore[index]
    assert sign_in["current"]
    assert person.call("POST", "/api/v1/me/sign-out").status_code == 200
    assert person.call("GET", "/api/v1/me").status_code == 401


def test_a_script_has_no_account_of_its_own(lab: Lab) -> None:
    me = lab.ok("GET", "/me")
    assert (me["account_id"], me["role"], me["can_act"]) == (None, "manager", True)
    assert lab.call("GET", "/me/sign-ins").json["code"] == "auth.no_account"  # type: ignore[index]
