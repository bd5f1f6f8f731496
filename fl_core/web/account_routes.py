"""Routes of accounts and of the own sign-in, the same in both daemons."""

from collections.abc import Callable

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint

from fl_core.account_views import (
    AccountChange,
    AccountInvite,
    AccountInvited,
    AccountList,
    AccountPath,
    AccountView,
    Ended,
    Me,
    PasswordChange,
    SignInList,
    SignInPath,
)
from fl_core.errors import NotTrusted
from fl_core.web.accounts import Accounts
from fl_core.web.parsing import answer
from fl_core.web.principal import PRINCIPAL, SCRIPT, Principal
from fl_core.web.security import CSRF

Link = Callable[[str], str]
"""Path with query -> the whole address."""
OWN = ("sign_out", "list_sign_ins", "end_sign_in", "set_password")
MANAGING = ("list_accounts", "invite_account", "invite_account_again", "change_account", "remove_account")


def special_roles(*, own: str, managing: str) -> dict[str, str]:
    """Return the least roles of these routes: everybody for the own account, one role for those of others."""
    return {f"accounts.{name}": own for name in OWN} | {f"accounts.{name}": managing for name in MANAGING}


def add_own_routes(api: APIBlueprint, accounts: Accounts, version: str) -> None:
    """Add what everybody may do with their own account."""

    @api.get("/me", responses={200: Me})
    def get_me() -> Response:
        """Return who is signed in, with the token that unsafe requests of this browser must carry."""
        who, roles = principal(), accounts.roles
        is_script = who.account_id == SCRIPT
        return answer(
            Me(
                csrf=str(request.environ.get(CSRF, "")),
                version=version,
                account_id=None if is_script else who.account_id,
                name=who.name,
                role=who.role,
                can_act=roles.order.index(who.role) >= roles.order.index(roles.acting),
                manages_accounts=who.role == roles.highest,
                has_password=not is_script and accounts.view(who.account_id).has_password,
            )
        )

    @api.post("/me/sign-out", responses={200: Ended})
    def sign_out() -> Response:
        """End this browser's sign-in."""
        who = person()
        accounts.sign_ins.end(who, who.sign_in_id)
        return answer(Ended(id=who.sign_in_id))

    @api.get("/me/sign-ins", responses={200: SignInList})
    def list_sign_ins() -> Response:
        """List the browsers that are signed in to the own account."""
        return answer(SignInList(items=accounts.sign_ins.of(person())))

    @api.delete("/me/sign-ins/<sign_in_id>", responses={200: Ended})
    def end_sign_in(path: SignInPath) -> Response:
        """Sign one browser of the own account out."""
        accounts.sign_ins.end(person(), path.sign_in_id)
        return answer(Ended(id=path.sign_in_id))

    @api.put("/me/password", responses={200: AccountView})
    def set_password(body: PasswordChange) -> Response:
        """Set or change the own password."""
        who = person()
        present = None if body.present is None else body.present.get_secret_value()
        accounts.set_password(who, present, body.new.get_secret_value())
        return answer(accounts.view(who.account_id))


def add_account_routes(api: APIBlueprint, accounts: Accounts, link: Link) -> None:
    """Add what the highest role may do with the accounts of all."""

    @api.get("/accounts", responses={200: AccountList})
    def list_accounts() -> Response:
        """List the people who may open these pages."""
        return answer(AccountList(items=accounts.all(), roles=list(accounts.roles.order)))

    @api.post("/accounts", responses={201: AccountInvited})
    def invite_account(body: AccountInvite) -> Response:
        """Invite a person; the link in the answer is shown only here."""
        account, token = accounts.invite(body.name, body.role)
        return answer(AccountInvited(account=account, link=link(f"/join?token={token}")), 201)

    @api.post("/accounts/<account_id>/invitation", responses={201: AccountInvited})
    def invite_account_again(path: AccountPath) -> Response:
        """Make a new link: for a lost invitation or a forgotten password."""
        account, token = accounts.invite_again(path.account_id)
        return answer(AccountInvited(account=account, link=link(f"/join?token={token}")), 201)

    @api.patch("/accounts/<account_id>", responses={200: AccountView})
    def change_account(path: AccountPath, body: AccountChange) -> Response:
        """Change the name, the role or the state of an account."""
        return answer(accounts.change(path.account_id, body))

    @api.delete("/accounts/<account_id>", responses={200: Ended})
    def remove_account(path: AccountPath) -> Response:
        """Remove an account and sign it out everywhere."""
        accounts.remove(path.account_id)
        return answer(Ended(id=path.account_id))


def principal() -> Principal:
    """Return who sent the present request."""
    who = request.environ.get(PRINCIPAL)
    if not isinstance(who, Principal):
        message = "the request came past the gate"
        raise NotTrusted(message, code="auth.required")
    return who


def check_is_script() -> None:
    """Refuse whoever signed in with a browser: what only the holder of the home folder may do."""
    if principal().account_id != SCRIPT:
        message = "a browser asked for a link that signs in as the owner"
        raise NotTrusted(message, code="auth.on_computer")


def person() -> Principal:
    """Return who sent the present request; a script, which has no account, is refused."""
    who = principal()
    if who.account_id == SCRIPT:
        message = "the program's token has no account of its own"
        raise NotTrusted(message, code="auth.no_account")
    return who
