"""The words of the pages before sign-in, in the languages of the web pages; the browser's own order chooses."""

from collections.abc import Mapping
from wsgiref.types import WSGIEnvironment

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from fl_core.errors import FlomirError

Words = Mapping[str, str]

_EN = {
    "lang": "en",
    "sign_in": "Sign in",
    "name": "Name",
    "password": "Password",
    "how": "The program prints a one-time link at its start that signs its owner in. Others ask a colleague who manages "
    "the accounts for an invitation, also when a password is forgotten.",
    "welcome": "Welcome, {name}",
    "invited": "You are invited as {role}. Choose a password of at least {shortest} characters; a short sentence is easy to "
    "keep.",
    "new_password": "New password",
    "again": "The same again",
    "join": "Join",
    "to_sign_in": "Go to the sign-in page",
    "role.viewer": "viewer",
    "role.manager": "manager",
    "role.professional": "professional",
    "role.administrator": "administrator",
}
_DE = {
    "lang": "de",
    "sign_in": "Anmelden",
    "name": "Name",
    "password": "Passwort",
    "how": "Das Programm gibt beim Start einen Einmallink aus, der seinen Besitzer anmeldet. Andere bitten jemanden, der die "
    "Konten verwaltet, um eine Einladung, auch wenn ein Passwort vergessen ist.",
    "welcome": "Willkommen, {name}",
    "invited": "Sie sind eingeladen ({role}). Wählen Sie ein Passwort mit mindestens {shortest} Zeichen; ein kurzer Satz "
    "ist leicht zu merken.",
    "new_password": "Neues Passwort",
    "again": "Noch einmal dasselbe",
    "join": "Beitreten",
    "to_sign_in": "Zur Anmeldung",
    "role.viewer": "Lesezugriff",
    "role.manager": "Trainingsleitung",
    "role.professional": "Medizinische Fachkraft",
    "role.administrator": "Administration",
}
_PROBLEMS_DE: Mapping[str, tuple[str, str]] = {
    "auth.wrong": (
        "Name oder Passwort ist falsch.",
        "Versuchen Sie es erneut; wer die Konten verwaltet, kann einen neuen Einladungslink erstellen.",
    ),
    "auth.too_many": (
        "Es gab zu viele falsche Versuche.",
        "Warten Sie einige Minuten und versuchen Sie es dann erneut.",
    ),
    "auth.password_weak": (
        "Dieses Passwort ist leicht zu erraten.",
        "Nehmen Sie mindestens 12 Zeichen ohne Ihren Namen; ein kurzer Satz ist leicht zu merken.",
    ),
    "auth.passwords_differ": ("Die beiden Passwörter unterscheiden sich.", "Geben Sie zweimal dasselbe ein."),
    "auth.link_used": (
        "Dieser Link wurde schon verwendet oder ist ungültig.",
        "Starten Sie das Programm neu, oder rufen Sie seinen Befehl `link` auf; so erhalten Sie einen neuen Link.",
    ),
    "account.invitation": (
        "Diese Einladung ist nicht (mehr) offen.",
        "Bitten Sie die einladende Person um einen neuen Link; jeder gilt einmal, drei Tage lang.",
    ),
}


def words_for(environ: WSGIEnvironment) -> Words:
    """Return the words in the language that the browser asks for first, English where it asks for neither."""
    wanted = parse_accept_header(environ.get("HTTP_ACCEPT_LANGUAGE"), LanguageAccept)
    return _DE if wanted.best_match(["en", "de"], default="en") == "de" else _EN


def problem_words(error: FlomirError, words: Words) -> tuple[str, str]:
    """Return title and advice of an error; in English where the language has none for its code."""
    known = _PROBLEMS_DE.get(error.code) if words is _DE else None
    return known or (error.entry.title, error.entry.advice)
