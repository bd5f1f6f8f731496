"""The pages that somebody sees who is not signed in: sign in, open an invitation. Plain HTML, no script."""

from html import escape

from fl_core.web.sign_in_words import Words

_PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>{title} · FLoMIR</title><style nonce="{nonce}">
:root{{color-scheme:light dark;--page:#f5f7fa;--card:#fff;--line:#d5dce4;--text:#17202b;--soft:#53606f;--accent:#1a6fb4;--bad:#b3261e}}
@media(prefers-color-scheme:dark){{:root{{--page:#11161c;--card:#1a212a;--line:#36414e;--text:#e8edf3;--soft:#a4b0bd;--accent:#5aa9e6;--bad:#ff8a80}}}}
*{{box-sizing:border-box}}body{{margin:0;background:var(--page);color:var(--text);font:16px/1.5 Inter,system-ui,sans-serif}}
main{{max-width:26rem;margin:12vh auto 2rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:12px}}
p.mark{{margin:0 0 1rem;font-weight:700}}p.mark span{{font-weight:400;color:var(--soft)}}h1{{font-size:1.4rem;line-height:1.3;margin:0 0 .5rem}}
p{{margin:0 0 1rem;color:var(--soft)}}label{{display:block;margin:0 0 1rem;font-weight:600}}
input{{display:block;width:100%;margin-top:.25rem;padding:.6rem .7rem;font:inherit;color:inherit;background:var(--page);border:1px solid var(--soft);border-radius:8px}}
button{{width:100%;padding:.65rem;font:inherit;font-weight:600;color:var(--card);background:var(--accent);border:0;border-radius:8px;cursor:pointer}}
input:focus-visible,button:focus-visible{{outline:3px solid var(--accent);outline-offset:2px}}
p.problem{{color:var(--bad);font-weight:600}}p.small{{font-size:.875rem;margin:1.25rem 0 0}}
@media(max-width:30rem){{main{{margin:0;min-height:100vh;border:0;border-radius:0}}}}
</style></head><body><main><p class="mark">FLoMIR <span>{side}</span></p><h1>{title}</h1>{content}</main></body></html>"""

ONWARD_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>FLoMIR</title><a href="/">FLoMIR</a></html>"""
"""Seen for a moment, where a redirect does not do."""


def sign_in_page(words: Words, nonce: str, *, side: str, problem: str = "", name: str = "") -> str:
    """Return the form for name and password, with the way in for whoever started the program."""
    content = (
        f'{_problem(problem)}<form method="post" action="/login">'
        f'<label>{words["name"]}<input name="name" autocomplete="username" required maxlength="80" value="{escape(name)}" autofocus></label>'
        f'<label>{words["password"]}<input name="password" type="password" autocomplete="current-password" required maxlength="200"></label>'
        f'<button type="submit">{words["sign_in"]}</button></form>'
        f'<p class="small">{words["how"]}</p>'
    )
    return _page(words, nonce, side=side, title=words["sign_in"], content=content)


def join_page(
    words: Words, nonce: str, *, side: str, name: str, role: str, token: str, shortest: int, problem: str = ""
) -> str:
    """Return the form in which an invited person chooses a password."""
    invited = words["invited"].format(role=words.get(f"role.{role}", role), shortest=shortest)
    content = (
        f"<p>{escape(invited)}</p>"
        f'{_problem(problem)}<form method="post" action="/join">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        f'<label>{words["name"]}<input name="name" autocomplete="username" value="{escape(name)}" readonly></label>'
        f'<label>{words["new_password"]}<input name="password" type="password" autocomplete="new-password" required minlength="{shortest}" maxlength="200" autofocus></label>'
        f'<label>{words["again"]}<input name="again" type="password" autocomplete="new-password" required minlength="{shortest}" maxlength="200"></label>'
        f'<button type="submit">{words["join"]}</button></form>'
    )
    return _page(words, nonce, side=side, title=words["welcome"].format(name=name), content=content)


def refused_page(words: Words, nonce: str, *, side: str, title: str, advice: str) -> str:
    """Return a page that says what went wrong and what to do."""
    content = f'<p>{escape(advice)}</p><p class="small"><a href="/login">{words["to_sign_in"]}</a></p>'
    return _page(words, nonce, side=side, title=title, content=content)


def _page(words: Words, nonce: str, *, side: str, title: str, content: str) -> str:
    return _PAGE.format(lang=words["lang"], nonce=nonce, side=escape(side), title=escape(title), content=content)


def _problem(text: str) -> str:
    return f'<p class="problem" role="alert">{escape(text)}</p>' if text else ""
