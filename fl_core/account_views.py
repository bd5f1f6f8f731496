"""What the UI APIs of both daemons say and accept about accounts and sign-ins."""

from datetime import datetime
from typing import Literal

from pydantic import Field, SecretStr

from fl_core.protocol.messages import Name
from fl_core.views import Schema


class AccountView(Schema):
    """GET /accounts: a person who may open the pages."""

    id: str
    name: str
    role: str
    state: Literal["invited", "active", "disabled"]
    created_at: datetime
    last_seen: datetime | None
    has_password: bool = Field(description="false: signs in with the link that the program prints at its start")
    invited_until: datetime | None = Field(default=None, description="how long the invitation link works")


class AccountList(Schema):
    """GET /accounts, oldest first; `roles` from the one that may least to the one that may everything."""

    items: list[AccountView]
    roles: list[str]


class AccountInvite(Schema):
    """POST /accounts."""

    name: Name
    role: str = Field(max_length=20)


class AccountInvited(Schema):
    """The answer to POST /accounts and POST /accounts/{id}/invitation; the link is shown only here."""

    account: AccountView
    link: str


class AccountChange(Schema):
    """PATCH /accounts/{id}: what is absent stays."""

    name: Name | None = None
    role: str | None = Field(default=None, max_length=20)
    state: Literal["active", "disabled"] | None = None


class AccountPath(Schema):
    """Names an account."""

    account_id: str


class SignInView(Schema):
    """GET /me/sign-ins: a browser that is signed in to the own account."""

    id: str
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class SignInList(Schema):
    """GET /me/sign-ins, the latest first."""

    items: list[SignInView]


class SignInPath(Schema):
    """Names a sign-in."""

    sign_in_id: str


class PasswordChange(Schema):
    """PUT /me/password; `present` is needed where there is one."""

    present: SecretStr | None = None
    new: SecretStr


class Me(Schema):
    """GET /me: who is signed in; `csrf` goes into header X-Flomir-CSRF of every unsafe request."""

    csrf: str
    version: str
    account_id: str | None = Field(description="absent for a script")
    name: str
    role: str
    can_act: bool = Field(description="false: this role may look, not change")
    manages_accounts: bool
    has_password: bool


class Ended(Schema):
    """The id of what has ended or was removed."""

    id: str
