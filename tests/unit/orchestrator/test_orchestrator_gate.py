"""Nobody gets in but the signed-in browser, the script with its token, the gateway and the daemon's own children."""

from collections.abc import Iterator

import pytest
from werkzeug.test import Client, TestResponse

from orchestrator.api import describe
from tests.support.orchestrator import HOST, PORT, PROGRESS_TOKEN, SECRET, TOKEN, Lab

ORIGIN = f"http://{HOST}"
ROUTES = [
    (method.upper(), path.replace("{", "").replace("}", ""))
    for path, operations in describe().api_doc["paths"].items()
    for method in operations
]
UNSAFE = [(method, path) for method, path in ROUTES if method != "GET"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("gate"))
    yield made
    made.close()


@pytest.fixture
def browser(lab: Lab) -> Client:
    """Return a browser that followed a one-time link."""
    client = Client(lab.wsgi, TestResponse)
    answer = client.get(f"/login?token={lab.logins.new_link_token()}", headers={"Host": HOST})
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert f"flomir_{PORT}=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    client.set_cookie(f"flomir_{PORT}", cookie.split("=", 1)[1].split(";")[0], domain="127.0.0.1")
    return client


def _code(answer: TestResponse) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json", answer.text
    assert answer.json is not None
    assert set(answer.json) >= {"type", "title", "status", "detail", "code", "advice", "request_id", "retryable"}
    return answer.status_code, str(answer.json["code"])


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/socket.io/"), ("POST", "/socket.io/")])
def test_no_route_answers_without_a_sign_in(lab: Lab, method: str, path: str) -> None:
    assert _code(lab.client.open(path, method=method, headers={"Host": HOST})) == (401, "auth.required")


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/socket.io/"), ("GET", "/health"), ("GET", "/login")])
@pytest.mark.parametrize("host", ["evil.example", f"127.0.0.1:{PORT + 1}", "127.0.0.1", ""])
def test_no_route_answers_to_another_host(lab: Lab, method: str, path: str, host: str) -> None:
    headers = {"Host": host, "Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
    assert _code(lab.client.open(path, method=method, headers=headers)) == (421, "auth.host")


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/socket.io/")])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"https://{HOST}"])
def test_no_route_answers_to_another_origin(browser: Client, method: str, path: str, origin: str) -> None:
    answer = browser.open(path, method=method, headers={"Origin": origin}, base_url=ORIGIN)
    assert _code(answer) == (403, "auth.forbidden")


@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_no_unsafe_route_answers_a_browser_without_its_csrf_token(browser: Client, method: str, path: str) -> None:
    answer = browser.open(path, method=method, headers={"Origin": ORIGIN}, base_url=ORIGIN)
    assert _code(answer) == (403, "auth.csrf")


def test_a_signed_in_browser_reads_and_with_its_token_acts(browser: Client) -> None:
    me = browser.get("/api/v1/me", base_url=ORIGIN).json
    assert me is not None
    headers = {"X-Flomir-CSRF": me["csrf"], "Origin": ORIGIN}
    answer = browser.post("/api/v1/invitations", json={}, headers=headers, base_url=ORIGIN)
    assert answer.status_code == 201, answer.text


def test_a_link_for_the_owner_is_for_scripts_only_and_is_written_down(lab: Lab, browser: Client) -> None:
    me = browser.get("/api/v1/me", base_url=ORIGIN).json
    assert me is not None
    headers = {"X-Flomir-CSRF": me["csrf"], "Origin": ORIGIN, "Accept": "application/json"}
    assert _code(browser.post("/api/v1/link", headers=headers, base_url=ORIGIN)) == (403, "auth.on_computer")
    assert "account.owner_link" not in [row["action"] for row in lab.items("/audit?limit=1000")]
    assert lab.ok("POST", "/link")["link"]
    assert "account.owner_link" in [row["action"] for row in lab.items("/audit?limit=1000")]


def test_a_link_signs_in_once(lab: Lab) -> None:
    token = lab.logins.new_link_token()
    headers = {"Host": HOST, "Accept": "application/json"}
    assert lab.client.get(f"/login?token={token}", headers=headers).status_code == 303
    assert _code(lab.client.get(f"/login?token={token}", headers=headers)) == (403, "auth.link_used")


def test_a_link_followed_from_elsewhere_signs_in_by_a_page_of_our_own(lab: Lab) -> None:
    """On a redirect of a request from another page, browsers hold a SameSite=Strict cookie back."""
    headers = {"Host": HOST, "Accept": "text/html", "Sec-Fetch-Site": "cross-site"}
    token = lab.logins.new_link_token()
    answer = lab.client.get(f"/login?token={token}", headers=headers)
    assert (answer.status_code, answer.headers["Refresh"]) == (200, "0; url=/")
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    assert token not in answer.text
    assert lab.client.get(f"/login?token={token}", headers=headers).status_code == 403
    here = {**headers, "Sec-Fetch-Site": "none"}
    assert lab.client.get(f"/login?token={lab.logins.new_link_token()}", headers=here).status_code == 303


def test_a_forged_cookie_is_no_sign_in(lab: Lab) -> None:
    client = Client(lab.wsgi, TestResponse)
    client.set_cookie(f"flomir_{PORT}", "id.9999999999.0000", domain="127.0.0.1")
    assert _code(client.get("/api/v1/me", base_url=ORIGIN)) == (401, "auth.required")


def test_a_wrong_script_token_is_refused(lab: Lab) -> None:
    headers = {"Host": HOST, "Authorization": "Bearer nonsense"}
    assert _code(lab.client.get("/api/v1/me", headers=headers)) == (401, "auth.required")


@pytest.mark.parametrize("path", ["/peer/v1/events", "/peer/v1/hello", "/enrol/v1/requests", "/peer", "/enrol/v1/x"])
@pytest.mark.parametrize("secret", [None, "", SECRET[:-1], SECRET + "x"])
def test_the_peer_api_answers_the_gateway_only(lab: Lab, path: str, secret: str | None) -> None:
    headers = {"Host": HOST, "X-Flomir-Site": "site-x"} | ({} if secret is None else {"X-Flomir-Gateway": secret})
    assert _code(lab.client.get(path, headers=headers)) == (403, "peer.gateway_only")


@pytest.mark.parametrize(
    "path", ["/api/v1/sites", "/login", "/join", "/health", "/socket.io/", "/internal/v1/progress"]
)
@pytest.mark.parametrize("name", ["X-Flomir-Gateway", "X-Flomir-Site", "X-Flomir-Fingerprint"])
def test_what_came_through_the_gateway_gets_its_own_paths_only(lab: Lab, path: str, name: str) -> None:
    headers = {"Host": HOST, name: SECRET, "Authorization": f"Bearer {TOKEN}", "X-Flomir-Progress": PROGRESS_TOKEN}
    assert _code(lab.client.get(path, headers=headers)) == (403, "auth.forbidden")


@pytest.mark.parametrize("path", ["/api/v1/sites", "/login", "/health", "/enrol/v1/requests", "/peer/v1/events"])
def test_a_path_of_which_a_part_was_taken_away_is_refused(lab: Lab, path: str) -> None:
    headers = {"Host": HOST, "Authorization": f"Bearer {TOKEN}"}
    answer = lab.client.get(path, headers=headers, environ_overrides={"SCRIPT_NAME": "/enrol/v1"})
    assert _code(answer) == (403, "auth.forbidden")


def test_the_peer_api_needs_a_site_and_one_that_is_trusted(lab: Lab) -> None:
    assert _code(lab.gateway_call("GET", "/peer/v1/events")) == (403, "trust.unknown_certificate")
    assert _code(lab.gateway_call("GET", "/peer/v1/events", site="site-x", fingerprint="0" * 64))[0] == 404


def test_internal_hints_need_the_childrens_token(lab: Lab) -> None:
    for headers in ({}, {"X-Flomir-Progress": PROGRESS_TOKEN[:-1]}, {"Authorization": f"Bearer {TOKEN}"}):
        answer = lab.client.post("/internal/v1/progress", json={"session_id": "x"}, headers={"Host": HOST, **headers})
        assert _code(answer) == (403, "auth.forbidden")


def test_health_is_open_and_tells_nothing(lab: Lab) -> None:
    answer = lab.client.get("/health", headers={"Host": HOST})
    assert (answer.status_code, answer.json) == (200, {"ok": True})


def test_every_answer_carries_policy_request_id_and_is_not_cached(lab: Lab) -> None:
    answer = lab.call("GET", "/me")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' 'nonce-" in policy
    assert "'unsafe-inline'" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    assert int(answer.headers["X-Flomir-Seq"]) > 0


def test_a_page_without_a_sign_in_says_what_to_do(lab: Lab) -> None:
    answer = lab.client.get("/sites", headers={"Host": HOST, "Accept": "text/html"})
    assert answer.status_code == 401
    assert "one-time link" in answer.text


def test_pages_fall_back_to_the_application_and_carry_the_nonce(lab: Lab, browser: Client) -> None:
    assert "not built yet" in browser.get("/sites", base_url=ORIGIN).text
    pages = lab.home / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<html><head></head><script nonce=__CSP_NONCE__></script></html>")
    (pages / "assets" / "a.js").write_text("1")
    answer = browser.get("/sites/site-1", base_url=ORIGIN)
    nonce = answer.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
    assert f'<meta name="csp-nonce" content="{nonce}">' in answer.text
    assert f"nonce={nonce}" in answer.text
    script = browser.get("/assets/a.js", base_url=ORIGIN, buffered=True)
    assert "immutable" in script.headers["Cache-Control"]
    assert browser.get("/assets/none.js", base_url=ORIGIN).status_code == 404
    assert _code(browser.get("/api/v1/nothing", base_url=ORIGIN)) == (404, "not_found")
