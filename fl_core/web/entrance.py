"""The way in for who is not signed in: one-time links, name and password, invitations to an account."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from fl_core.errors import FlomirError, InvalidInput, NotTrusted
from fl_core.web import problems
from fl_core.web.accounts import Accounts
from fl_core.web.logins import Logins
from fl_core.web.passwords import SHORTEST
from fl_core.web.sign_in_page import ONWARD_PAGE, join_page, refused_page, sign_in_page
from fl_core.web.sign_in_words import problem_words, words_for

LARGEST_FORM = 4096
Form = dict[str, str]


class Entrance:
    """Answers ``/login`` and ``/join``, in HTML.

    A form that another page sends is stopped before: by its Origin, which browsers add to every POST.

    Parameters
    ----------
    logins : Logins
    accounts : Accounts
    side : str
        What the pages are of, such as ``Orchestrator``.
    cookie_name : str
    max_age_s : int
        How long the browser keeps the cookie.
    """

    def __init__(self, logins: Logins, accounts: Accounts, *, side: str, cookie_name: str, max_age_s: int) -> None:
        self._logins = logins
        self._accounts = accounts
        self._side = side
        self._cookie = f"{cookie_name}={{value}}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}"

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse, nonce: str) -> Iterable[bytes]:
        """Show a form, or take one."""
        try:
            if environ.get("PATH_INFO") == "/join":
                return self._join(environ, start_response, nonce)
            return self._login(environ, start_response, nonce)
        except FlomirError as error:
            return self.refuse(environ, start_response, nonce, error)

    def refuse(
        self, environ: WSGIEnvironment, start_response: StartResponse, nonce: str, error: FlomirError
    ) -> Iterable[bytes]:
        """Say why a page is not shown; who is not signed in gets the form."""
        if "text/html" not in environ.get("HTTP_ACCEPT", ""):
            return problems.refuse(environ, start_response, error)
        words, status = words_for(environ), error.entry.status
        if error.code == "auth.required":
            return _html(start_response, status, sign_in_page(words, nonce, side=self._side))
        title, advice = problem_words(error, words)
        return _html(start_response, status, refused_page(words, nonce, side=self._side, title=title, advice=advice))

    def _login(self, environ: WSGIEnvironment, start_response: StartResponse, nonce: str) -> Iterable[bytes]:
        words = words_for(environ)
        method, browser = environ.get("REQUEST_METHOD"), environ.get("HTTP_USER_AGENT", "")
        if method == "POST":
            form = _form(environ)
            try:
                return self._in(
                    start_response, self._accounts.sign_in(form.get("name", ""), form.get("password", ""), browser)
                )
            except NotTrusted as error:
                problem = " ".join(problem_words(error, words))
                page = sign_in_page(words, nonce, side=self._side, problem=problem, name=form.get("name", ""))
                return _html(start_response, error.entry.status, page)
        token = parse_qs(environ.get("QUERY_STRING", "")).get("token", [""])[0]
        if not token:
            return _html(start_response, 200, sign_in_page(words, nonce, side=self._side))
        if method != "GET" or not self._logins.redeem(token):
            message = "the one-time link is not valid"
            raise NotTrusted(message, code="auth.link_used")
        cookie = self._accounts.sign_in_owner(browser)
        if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site":
            return self._in_from_elsewhere(start_response, cookie)
        return self._in(start_response, cookie)

    def _join(self, environ: WSGIEnvironment, start_response: StartResponse, nonce: str) -> Iterable[bytes]:
        words = words_for(environ)
        form = _form(environ) if environ.get("REQUEST_METHOD") == "POST" else None
        query = parse_qs(environ.get("QUERY_STRING", ""))
        token = query.get("token", [""])[0] if form is None else form.get("token", "")
        invited = self._accounts.invitee(token)
        problem = ""
        if form is not None:
            try:
                _refuse_unequal(form)
                cookie = self._accounts.join(token, form.get("password", ""), environ.get("HTTP_USER_AGENT", ""))
                return self._in(start_response, cookie)
            except InvalidInput as error:
                problem = " ".join(problem_words(error, words))
        page = join_page(
            words,
            nonce,
            side=self._side,
            name=invited.name,
            role=invited.role,
            token=token,
            shortest=SHORTEST,
            problem=problem,
        )
        return _html(start_response, 422 if problem else 200, page)

    def _in(self, start_response: StartResponse, cookie: str) -> Iterable[bytes]:
        headers = [("Location", "/"), ("Set-Cookie", self._cookie.format(value=cookie)), ("Content-Length", "0")]
        start_response("303 See Other", headers)
        return [b""]

    def _in_from_elsewhere(self, start_response: StartResponse, cookie: str) -> Iterable[bytes]:
        """Sign in who followed a link in a file, a mail or another page, and go on from a page of our own.

        On a redirect of such a request browsers hold the cookie back: it is for this site's own steps (SameSite=Strict).
        """
        headers = [("Refresh", "0; url=/"), ("Set-Cookie", self._cookie.format(value=cookie))]
        return _html(start_response, 200, ONWARD_PAGE, headers)


def _refuse_unequal(form: Form) -> None:
    if form.get("password") != form.get("again"):
        message = "the two passwords differ"
        raise InvalidInput(message, code="auth.passwords_differ")


def _form(environ: WSGIEnvironment) -> Form:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_FORM:
        message = f"the form is larger than {LARGEST_FORM} bytes"
        raise InvalidInput(message)
    text = environ["wsgi.input"].read(int(length)).decode("utf-8", errors="replace")
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True, max_num_fields=10).items()}


def _html(
    start_response: StartResponse, status: int, page: str, more: Sequence[tuple[str, str]] = ()
) -> Iterable[bytes]:
    body = page.encode()
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, *more])
    return [body]
