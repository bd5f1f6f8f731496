"""Accounts by invitation, passwords that are not guessed, sign-ins that end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from contributor.core import MIGRATIONS
from fl_core.account_views import AccountChange
from fl_core.errors import Conflict, InvalidInput, NotFound, NotTrusted
from fl_core.storage import accounts as rows
from fl_core.storage import audit
from fl_core.storage.database import Database, open_database
from fl_core.storage.journal import Journal
from fl_core.web import passwords
from fl_core.web.accounts import OWNER_ID, Accounts
from fl_core.web.attempts import FREE_FAILURES, LONGEST_WAIT_S, Attempts
from fl_core.web.principal import Principal
from fl_core.web.roles import Roles
from fl_core.web.sign_ins import browser_in_words

ROLES = Roles(order=("viewer", "manager"), reading="viewer", acting="manager", special={})
PASSWORD, OTHER = "a walk in the long grass", "seven herons on one leg"


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def seconds(self) -> float:
        return self.time.timestamp()

    def passes(self, **amount: float) -> None:
        self.time += timedelta(**amount)


class House:
    """One daemon's accounts on a database in memory."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.database: Database = open_database(":memory:", migrations=MIGRATIONS)
        self.ended: list[str] = []
        self.accounts = self.fresh()

    def fresh(self) -> Accounts:
        """Return what a restarted daemon would have."""
        return Accounts(
            database=self.database,
            journal=Journal(self.database, clock=self.clock.now),
            roles=ROLES,
            valid_s=7 * 86_400,
            on_ended=self.ended.extend,
            now=self.clock.now,
            clock=self.clock.seconds,
        )

    def joined(self, name: str = "Dr Example", role: str = "viewer") -> str:
        _, token = self.accounts.invite(name, role)
        return self.accounts.join(token, PASSWORD, "")

    def who(self, cookie: str) -> Principal:
        found = self.accounts.sign_ins.principal(cookie)
        assert found is not None
        return found

    def code(self, error: pytest.ExceptionInfo[NotTrusted]) -> str:
        return error.value.code


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.database.close()


def test_the_owner_is_there_from_the_start_and_has_no_password(house: House) -> None:
    (owner,) = house.accounts.all()
    assert (owner.id, owner.role, owner.state, owner.has_password) == (OWNER_ID, "manager", "active", False)
    assert [row.id for row in house.fresh().all()] == [OWNER_ID]
    with pytest.raises(NotTrusted) as error:
        house.accounts.sign_in("Owner", "", "")
    assert house.code(error) == "auth.wrong"


def test_a_sign_in_survives_a_restart_and_ends_with_its_time(house: House) -> None:
    cookie = house.accounts.sign_in_owner("Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36")
    assert house.who(cookie).role == "manager"
    house.accounts = house.fresh()
    assert house.who(cookie).account_id == OWNER_ID
    assert [s.browser for s in house.accounts.sign_ins.of(house.who(cookie))] == ["Chrome on Linux"]
    house.clock.passes(days=8)
    assert house.accounts.sign_ins.principal(cookie) is None
    assert house.fresh().sign_ins.principal(cookie) is None
    assert house.accounts.sign_ins.principal("made up") is None


def test_an_invitation_is_opened_once_and_within_its_time(house: House) -> None:
    account, token = house.accounts.invite("Dr Example", "viewer")
    assert account.state == "invited"
    assert house.accounts.invitee(token).name == "Dr Example"
    cookie = house.accounts.join(token, PASSWORD, "")
    assert house.who(cookie).role == "viewer"
    with pytest.raises(NotTrusted) as error:
        house.accounts.join(token, OTHER, "")
    assert house.code(error) == "account.invitation"
    _, late = house.accounts.invite("Another", "viewer")
    house.clock.passes(days=4)
    with pytest.raises(NotTrusted):
        house.accounts.invitee(late)


def test_name_and_password_sign_in_whatever_the_names_case(house: House) -> None:
    house.joined("Dr  Example")
    assert house.who(house.accounts.sign_in("dr example", PASSWORD, "")).name == "Dr  Example"
    for name, password in (("dr example", OTHER), ("nobody", PASSWORD), ("dr example", "")):
        with pytest.raises(NotTrusted) as error:
            house.accounts.sign_in(name, password, "")
        assert house.code(error) == "auth.wrong"


@pytest.mark.parametrize("name", ["Dr Example", "nobody at all"])
def test_guessing_has_to_wait_and_the_right_password_too(house: House, name: str) -> None:
    house.joined()
    for _ in range(FREE_FAILURES):
        with pytest.raises(NotTrusted):
            house.accounts.sign_in(name, OTHER, "")
    with pytest.raises(NotTrusted) as error:
        house.accounts.sign_in(name, PASSWORD, "")
    assert house.code(error) == "auth.too_many"
    assert error.value.entry.status == 429
    house.clock.passes(minutes=2)
    if name == "Dr Example":
        assert house.accounts.sign_in(name, PASSWORD, "")


@pytest.mark.parametrize("password", ["short", "x" * 201, "aaaaaaaaaaaaaaaa", "the Dr Example way"])
def test_a_weak_password_is_refused_and_the_invitation_stays_open(house: House, password: str) -> None:
    _, token = house.accounts.invite("Dr Example", "viewer")
    with pytest.raises(InvalidInput) as error:
        house.accounts.join(token, password, "")
    assert error.value.code == "auth.password_weak"
    assert house.accounts.join(token, PASSWORD, "")


def test_passwords_are_kept_as_argon2id_and_only_so(house: House) -> None:
    house.joined()
    with house.database.read() as connection:
        everything = "".join(str(row) for row in connection.exec_driver_sql("SELECT * FROM account"))
    assert "$argon2id$" in everything
    assert PASSWORD not in everything
    assert not passwords.fits(PASSWORD, None)


def test_to_refuse_a_name_without_a_password_takes_the_work_of_one_with_it() -> None:
    assert extract_parameters(passwords.NOBODYS) == extract_parameters(passwords.hashed(PASSWORD))
    with pytest.raises(VerifyMismatchError):  # compared to its end, not refused as no hash at all
        PasswordHasher().verify(passwords.NOBODYS, PASSWORD)


def test_a_new_password_signs_the_other_browsers_out(house: House) -> None:
    here = house.joined()
    there = house.accounts.sign_in("Dr Example", PASSWORD, "")
    me, gone = house.who(here), house.who(there).sign_in_id
    with pytest.raises(NotTrusted) as error:
        house.accounts.set_password(me, "wrong", OTHER)
    assert house.code(error) == "auth.wrong"
    house.accounts.set_password(me, PASSWORD, OTHER)
    assert house.accounts.sign_ins.principal(here) is not None
    assert house.accounts.sign_ins.principal(there) is None
    assert house.ended == [gone]
    with pytest.raises(NotTrusted):
        house.accounts.sign_in("Dr Example", PASSWORD, "")


def test_a_disabled_account_is_signed_out_at_once_and_stays_out(house: House) -> None:
    cookie = house.joined()
    me = house.who(cookie)
    house.accounts.change(me.account_id, AccountChange(state="disabled"))
    assert house.accounts.sign_ins.principal(cookie) is None
    assert house.ended == [me.sign_in_id]
    with pytest.raises(NotTrusted):
        house.accounts.sign_in("Dr Example", PASSWORD, "")
    house.accounts.change(me.account_id, AccountChange(state="active"))
    assert house.accounts.sign_in("Dr Example", PASSWORD, "")


def test_an_account_disabled_while_a_request_is_looked_up_is_out_with_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = house.joined()
    account_id = next(row.id for row in house.accounts.all() if row.name == "Dr Example")
    looked_up = rows.touch

    def disabled_meanwhile(*arguments: Any, **options: Any) -> None:
        looked_up(*arguments, **options)
        arguments[0].after_commit(lambda: house.accounts.change(account_id, AccountChange(state="disabled")))

    house.clock.passes(minutes=2)
    monkeypatch.setattr(rows, "touch", disabled_meanwhile)
    house.accounts.sign_ins.principal(cookie)
    assert house.accounts.sign_ins.principal(cookie) is None


def test_a_changed_role_counts_from_the_next_request(house: House) -> None:
    cookie = house.joined()
    assert house.who(cookie).role == "viewer"
    changed = house.accounts.change(house.who(cookie).account_id, AccountChange(role="manager", name="Dr Other"))
    assert (changed.role, changed.name) == ("manager", "Dr Other")
    assert house.who(cookie).role == "manager"
    with pytest.raises(InvalidInput) as error:
        house.accounts.change(changed.id, AccountChange(role="emperor"))
    assert error.value.code == "account.role"


def test_a_forgotten_password_is_replaced_through_a_new_link(house: House) -> None:
    cookie = house.joined()
    account_id = house.who(cookie).account_id
    again, token = house.accounts.invite_again(account_id)
    assert again.state == "invited"
    assert house.accounts.sign_ins.principal(cookie) is None
    with pytest.raises(NotTrusted):
        house.accounts.sign_in("Dr Example", PASSWORD, "")
    assert house.who(house.accounts.join(token, OTHER, "")).account_id == account_id


def test_the_last_manager_is_not_locked_out_by_a_new_invitation(house: House) -> None:
    second = house.who(house.joined("Second", "manager")).account_id
    assert house.accounts.invite_again(second)[0].state == "invited"
    house = House()
    only = house.who(house.joined("Only", "manager")).account_id
    house.accounts.change(OWNER_ID, AccountChange(state="disabled"))
    with pytest.raises(Conflict) as error:
        house.accounts.invite_again(only)
    assert error.value.code == "account.last"


def test_somebody_who_may_everything_always_stays(house: House) -> None:
    for attempt in (AccountChange(role="viewer"), AccountChange(state="disabled")):
        with pytest.raises(Conflict) as error:
            house.accounts.change(OWNER_ID, attempt)
        assert error.value.code == "account.last"
    with pytest.raises(Conflict) as owner:
        house.accounts.remove(OWNER_ID)
    assert owner.value.code == "account.owner"
    second = house.who(house.joined("Second", "manager"))
    house.accounts.change(OWNER_ID, AccountChange(state="disabled"))
    with pytest.raises(Conflict):
        house.accounts.remove(second.account_id)


def test_a_removed_account_is_gone_and_its_name_free_again(house: House) -> None:
    cookie = house.joined()
    account_id = house.who(cookie).account_id
    with pytest.raises(Conflict) as error:
        house.accounts.invite("DR EXAMPLE", "viewer")
    assert error.value.code == "account.exists"
    house.accounts.remove(account_id)
    assert house.accounts.sign_ins.principal(cookie) is None
    with pytest.raises(NotFound):
        house.accounts.view(account_id)
    assert house.joined("Dr Example")


def test_nobody_ends_the_sign_in_of_somebody_else(house: House) -> None:
    mine, other = house.who(house.joined("Mine")), house.who(house.joined("Other"))
    with pytest.raises(NotFound):
        house.accounts.sign_ins.end(mine, other.sign_in_id)
    house.accounts.sign_ins.end(mine, mine.sign_in_id)
    assert house.ended == [mine.sign_in_id]
    assert [s.id for s in house.accounts.sign_ins.of(other)] == [other.sign_in_id]


def test_every_step_stands_in_the_audit_without_secrets(house: House) -> None:
    _, token = house.accounts.invite("Dr Example", "viewer")
    cookie = house.accounts.join(token, PASSWORD, "")
    house.accounts.set_password(house.who(cookie), PASSWORD, OTHER)
    who = house.who(cookie)
    house.accounts.sign_ins.end(who, who.sign_in_id)
    rows = audit.page(house.database, after=0, limit=100)
    assert [row.action for row in rows] == [
        "account.invited", "account.joined", "account.signed_in", "account.password_set", "account.signed_out",
    ]  # fmt: skip
    text = "".join(str(row) for row in rows)
    assert not any(secret in text for secret in (token, cookie, PASSWORD, OTHER))


def test_last_seen_is_written_once_a_minute_at_most(house: House) -> None:
    cookie = house.joined()
    account_id = house.who(cookie).account_id
    first = house.accounts.view(account_id).last_seen
    house.clock.passes(seconds=30)
    house.who(cookie)
    assert house.accounts.view(account_id).last_seen == first
    house.clock.passes(seconds=31)
    house.who(cookie)
    assert house.accounts.view(account_id).last_seen == house.clock.time


def test_waits_grow_to_a_limit_are_forgotten_and_names_do_not_fill_the_memory() -> None:
    now = [0.0]
    attempts = Attempts(clock=lambda: now[0], everybody=10**9)
    waits = []
    for _ in range(20):
        attempts.failed("a")
        waits.append(attempts.wait_s("a"))
    assert waits[: FREE_FAILURES - 1] == [0.0] * (FREE_FAILURES - 1)
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S
    now[0] += 7200
    assert attempts.wait_s("a") == 0
    for number in range(5000):
        attempts.failed(str(number))
    assert len(attempts._failures) <= 2000


def test_guessing_many_names_is_slowed_down_too() -> None:
    attempts = Attempts(clock=lambda: 0.0, everybody=8)
    for number in range(8):
        attempts.failed(f"name-{number}")
    assert attempts.wait_s("somebody else") > 0


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_in_words(agent: str, words: str) -> None:
    assert browser_in_words(agent) == words
