"""Signing in: the second factor, guesses, locks, and what the audit log says of them."""

import asyncio
from collections import Counter

import pyotp
import pytest

from miniapi.accounts.errors import TokenExpired
from miniapi.audit.models import AuditEvent
from miniapi.database import sql
from miniapi.errors import NotSignedIn
from miniapi.staff import passwords, queries, signing_in
from miniapi.staff.errors import OldPasswordWrong, PasswordUnfit, TotpRequired, WrongCredentials
from miniapi.staff.models import Staff, StaffSession
from tests.factories.staff import PASSWORD, a_desk_of, a_staff
from tests.miniapi.reports.test_audit import by_hand

SECRET = pyotp.random_base32()
NEW = "another four words"


async def try_to_sign_in(keys, noon, username, password=PASSWORD, code=None, *, demo=True):
    return await signing_in.sign_in(username, password, code, keys, demo=demo, at=noon)


async def events():
    return [(event.actor, event.action, event.subject) for event in await AuditEvent.all().order_by("seq")]


async def code_now(later: int = 0) -> str:
    """The code that an authenticator shows now, by the machine's time, or some seconds later."""
    moment = (await sql.rows("SELECT extract(epoch FROM clock_timestamp())::float8 AS at"))[0]["at"]
    return pyotp.TOTP(SECRET).at(int(moment) + later)


@pytest.fixture
async def officer(database, noon):
    """Somebody of the demo, without a second factor."""
    return await a_staff(noon)


@pytest.fixture
async def guarded(database, noon, keys):
    """Somebody with a second factor."""
    return await a_staff(noon, keys=keys, secret=SECRET)


class TestSigningIn:
    async def test_gives_a_token_for_twelve_hours_of_the_machines_time(self, officer, keys, noon):
        signed_in = await try_to_sign_in(keys, noon, officer.username)

        assert (await queries.signed_in(signed_in.token, demo=True)).id == officer.id
        session = await StaffSession.get()
        assert 11.99 < (session.expires_at - session.created_at).total_seconds() / 3600 <= 12.01
        assert signed_in.token not in session.token_hash
        assert await events() == [(f"staff:{officer.id}", "staff.sign_in", f"staff:{officer.id}")]

    async def test_is_refused_alike_for_whatever_is_wrong(self, officer, guarded, keys, noon):
        gone = await a_staff(noon, disabled_at=noon)
        wrong = [
            (officer.username, "not the password", None),
            ("nobody-here", PASSWORD, None),
            (gone.username, PASSWORD, None),
            (guarded.username, PASSWORD, "000000"),
            (guarded.username, "not the password", await code_now()),
            (guarded.username, "not the password", None),
        ]

        outcomes = [
            await asyncio.gather(try_to_sign_in(keys, noon, *one), return_exceptions=True) for one in wrong
        ]

        assert {str(refusal) for (refusal,) in outcomes} == {WrongCredentials.sentence}

    async def test_takes_as_much_work_for_a_name_that_is_not_there(self, officer, keys, noon, monkeypatch):
        asked = []

        async def is_right(password, kept):
            asked.append(kept)
            return False

        monkeypatch.setattr(passwords, "is_right", is_right)
        for name in (officer.username, "nobody-here"):
            with pytest.raises(WrongCredentials):
                await try_to_sign_in(keys, noon, name)

        assert asked == [officer.password_hash, None]

    async def test_makes_an_outdated_hash_anew(self, officer, keys, noon):
        assert passwords.is_outdated(officer.password_hash)

        await try_to_sign_in(keys, noon, officer.username)

        kept = (await Staff.get(id=officer.id)).password_hash
        assert not passwords.is_outdated(kept)
        assert await passwords.is_right(PASSWORD, kept)

    async def test_is_not_for_the_demos_accounts_where_real_people_sign_in(self, officer, keys, noon):
        token = (await try_to_sign_in(keys, noon, officer.username)).token

        with pytest.raises(WrongCredentials):
            await try_to_sign_in(keys, noon, officer.username, demo=False)
        with pytest.raises(NotSignedIn):
            await queries.signed_in(token, demo=False)

    async def test_ends_by_itself(self, officer, database):
        token = await a_desk_of(officer)
        await by_hand(
            database,
            "UPDATE staff_session SET created_at = created_at - interval '12 hours',"
            " expires_at = expires_at - interval '12 hours'",
        )

        with pytest.raises(TokenExpired):
            await queries.signed_in(token, demo=True)


class TestTheSecondFactor:
    async def test_is_asked_for_only_after_the_right_password(self, guarded, keys, noon):
        with pytest.raises(TotpRequired):
            await try_to_sign_in(keys, noon, guarded.username)
        with pytest.raises(WrongCredentials):
            await try_to_sign_in(keys, noon, guarded.username, "not the password")

    async def test_lets_its_owner_in(self, guarded, keys, noon):
        signed_in = await try_to_sign_in(keys, noon, guarded.username, code=await code_now())

        assert signed_in.account.id == guarded.id

    async def test_counts_once_also_for_many_at_once(self, guarded, keys, noon):
        code = await code_now()

        outcomes = await asyncio.gather(
            *(try_to_sign_in(keys, noon, guarded.username, code=code) for _ in range(4)),
            return_exceptions=True,
        )

        assert Counter(map(type, outcomes)) == {signing_in.SignedIn: 1, WrongCredentials: 3}
        with pytest.raises(WrongCredentials):
            await try_to_sign_in(keys, noon, guarded.username, code=code)

    async def test_of_the_next_step_counts_after_it(self, guarded, keys, noon):
        await try_to_sign_in(keys, noon, guarded.username, code=await code_now())

        await try_to_sign_in(keys, noon, guarded.username, code=await code_now(later=30))

        assert await StaffSession.all().count() == 2

    async def test_that_is_still_to_come_is_no_failure(self, guarded, keys, noon):
        for _ in range(7):
            with pytest.raises(TotpRequired):
                await try_to_sign_in(keys, noon, guarded.username)

        assert (await Staff.get(id=guarded.id)).failures == 0

    async def test_that_is_wrong_is_a_failure(self, guarded, keys, noon):
        for _ in range(5):
            with pytest.raises(WrongCredentials):
                await try_to_sign_in(keys, noon, guarded.username, code="000000")

        with pytest.raises(WrongCredentials):
            await try_to_sign_in(keys, noon, guarded.username, code=await code_now())


class TestGuessing:
    async def fail(self, keys, noon, username, times):
        for _ in range(times):
            with pytest.raises(WrongCredentials):
                await try_to_sign_in(keys, noon, username, "not the password")

    async def test_locks_the_account_after_five_failures(self, officer, keys, noon):
        await self.fail(keys, noon, officer.username, 5)

        with pytest.raises(WrongCredentials):
            await try_to_sign_in(keys, noon, officer.username)

    async def test_is_forgotten_after_a_success(self, officer, keys, noon):
        await self.fail(keys, noon, officer.username, 4)
        await try_to_sign_in(keys, noon, officer.username)
        await self.fail(keys, noon, officer.username, 4)

        assert await try_to_sign_in(keys, noon, officer.username)

    async def test_begins_anew_when_fifteen_minutes_are_over(self, officer, keys, noon, database):
        await self.fail(keys, noon, officer.username, 5)
        left = await by_hand(
            database, "SELECT extract(epoch FROM locked_until - clock_timestamp())::float8 FROM staff"
        )
        await by_hand(database, "UPDATE staff SET locked_until = locked_until - interval '15 minutes'")

        await self.fail(keys, noon, officer.username, 4)

        assert 890 < left <= 900
        assert await try_to_sign_in(keys, noon, officer.username)

    async def test_at_once_gets_no_more_guesses(self, officer, keys, noon, monkeypatch):
        looked = []

        async def is_right(password, kept):
            looked.append(kept)
            await asyncio.sleep(0)
            return False

        monkeypatch.setattr(passwords, "is_right", is_right)

        await asyncio.gather(
            *(try_to_sign_in(keys, noon, officer.username, f"guess {n}") for n in range(30)),
            return_exceptions=True,
        )

        assert Counter(kept is not None for kept in looked) == {True: 5, False: 25}

    async def test_is_written_down_beyond_the_third_failure(self, officer, keys, noon):
        await self.fail(keys, noon, officer.username, 7)
        await self.fail(keys, noon, "nobody-here", 7)

        about = f"staff:{officer.id}"
        assert await events() == [
            ("anyone:sign-in", "staff.sign_in_failed", about),
            ("anyone:sign-in", "staff.locked", about),
        ]
        assert [event.after for event in await AuditEvent.all().order_by("seq")] == [
            '{"failures":4}',
            '{"failures":5}',
        ]


class TestSigningOut:
    async def test_ends_this_session_and_no_other(self, officer, keys, noon):
        here, there = [await try_to_sign_in(keys, noon, officer.username) for _ in range(2)]

        await signing_in.sign_out(officer, here.token, at=noon)

        with pytest.raises(NotSignedIn):
            await queries.signed_in(here.token, demo=True)
        assert await queries.signed_in(there.token, demo=True)

    async def test_everywhere_ends_them_all(self, officer, keys, noon):
        tokens = [(await try_to_sign_in(keys, noon, officer.username)).token for _ in range(2)]
        stranger = await a_desk_of(await a_staff(noon))

        await signing_in.sign_out_everywhere(officer, at=noon)

        for token in tokens:
            with pytest.raises(NotSignedIn):
                await queries.signed_in(token, demo=True)
        assert await queries.signed_in(stranger, demo=True)
        assert (await events())[-1][1] == "staff.sign_out_everywhere"


class TestChangingThePassword:
    async def test_ends_the_other_sessions(self, officer, keys, noon):
        here, there = [(await try_to_sign_in(keys, noon, officer.username)).token for _ in range(2)]

        await signing_in.change_password(officer, here, PASSWORD, NEW, at=noon)

        assert await queries.signed_in(here, demo=True)
        with pytest.raises(NotSignedIn):
            await queries.signed_in(there, demo=True)
        with pytest.raises(WrongCredentials):
            await try_to_sign_in(keys, noon, officer.username)
        assert await try_to_sign_in(keys, noon, officer.username, NEW)
        assert "staff.change_password" in [action for _, action, _ in await events()]

    async def test_asks_for_the_old_one_only_five_times(self, officer, noon):
        token = await a_desk_of(officer)

        for _ in range(5):
            with pytest.raises(OldPasswordWrong):
                await signing_in.change_password(officer, token, "not the password", NEW, at=noon)
        with pytest.raises(OldPasswordWrong):
            await signing_in.change_password(officer, token, PASSWORD, NEW, at=noon)

    @pytest.mark.parametrize("new", ["short", PASSWORD])
    async def test_refuses_one_that_does_not_do(self, officer, noon, new):
        with pytest.raises(PasswordUnfit):
            await signing_in.change_password(officer, await a_desk_of(officer), PASSWORD, new, at=noon)
