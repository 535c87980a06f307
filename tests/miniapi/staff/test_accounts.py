"""Making, disabling and resetting accounts, as operators do; each is an event without a name or a secret."""

import pyotp
import pytest

from miniapi.audit.models import AuditEvent
from miniapi.errors import NotSignedIn
from miniapi.staff import accounts, queries, signing_in
from miniapi.staff.errors import NoSuchStaff, PasswordUnfit, RolesConflict, UsernameTaken, UsernameUnfit
from miniapi.staff.models import Staff, StaffRole
from tests.factories.staff import a_desk_of, a_staff

BUREAU = [StaffRole.BUREAU]


async def add(keys, noon, username="zhang", roles=BUREAU, password=None):
    return await accounts.add(username, roles, keys, password=password, at=noon)


async def sign_in(keys, noon, handed, username="zhang"):
    code = pyotp.TOTP(handed.totp_secret).now()
    return await signing_in.sign_in(username, handed.password, code, keys, demo=False, at=noon)


class TestAdding:
    async def test_hands_out_what_signs_in(self, database, noon, keys):
        handed = await add(keys, noon)

        assert (await sign_in(keys, noon, handed)).account.roles == ["bureau"]

    async def test_keeps_neither_in_clear(self, database, noon, keys):
        handed = await add(keys, noon, roles=[StaffRole.FINANCE, StaffRole.BUREAU, StaffRole.BUREAU])

        account = await Staff.get()
        assert account.roles == ["bureau", "finance"]
        assert keys.unseal(account.totp_sealed) == handed.totp_secret
        event = await AuditEvent.get()
        assert (event.actor, event.action, event.subject) == (
            "operator:cli",
            "staff.add",
            f"staff:{account.id}",
        )
        said = f"{event.before} {event.after} {account.password_hash} {account.totp_sealed}"
        assert all(secret not in said for secret in (handed.password, handed.totp_secret, "zhang"))

    @pytest.mark.parametrize(
        ("wrong", "refusal"),
        [
            ({"username": "Zhang"}, UsernameUnfit),
            ({"roles": [StaffRole.REVIEWER, StaffRole.FINANCE]}, RolesConflict),
            ({"roles": [StaffRole.AUDITOR, StaffRole.SUPPORT]}, RolesConflict),
            ({"password": "short"}, PasswordUnfit),
        ],
    )
    async def test_refuses_what_does_not_do(self, database, noon, keys, wrong, refusal):
        with pytest.raises(refusal):
            await add(keys, noon, **wrong)

        assert await Staff.all().count() == await AuditEvent.all().count() == 0

    async def test_makes_one_account_a_name(self, database, noon, keys):
        await add(keys, noon)

        with pytest.raises(UsernameTaken):
            await add(keys, noon)
        assert await AuditEvent.all().count() == 1


class TestDisabling:
    async def test_ends_the_sessions_and_lets_nobody_in_again(self, database, noon, keys):
        handed = await add(keys, noon)
        token = await a_desk_of(await Staff.get())

        await accounts.disable("zhang", at=noon)
        await accounts.disable("zhang", at=noon)

        with pytest.raises(NotSignedIn):
            await queries.signed_in(token, demo=False)
        with pytest.raises(NotSignedIn):
            await sign_in(keys, noon, handed)
        assert [event.action for event in await AuditEvent.all().order_by("seq")] == [
            "staff.add",
            "staff.disable",
            "staff.disable",
        ]


class TestResetting:
    async def test_lets_in_again_who_was_disabled(self, database, noon, keys):
        await add(keys, noon)
        await accounts.disable("zhang", at=noon)

        handed = await accounts.reset("zhang", keys, password=True, totp=True, at=noon)

        assert (await sign_in(keys, noon, handed)).account.disabled_at is None

    async def test_unlocks_and_hands_out_anew(self, database, noon, keys):
        old = await add(keys, noon)
        token = await a_desk_of(await Staff.get())
        for _ in range(5):
            with pytest.raises(NotSignedIn):
                await signing_in.sign_in("zhang", "not the password", None, keys, demo=False, at=noon)

        fresh = await accounts.reset("zhang", keys, password=True, totp=True, at=noon)

        assert {fresh.password, fresh.totp_secret} & {old.password, old.totp_secret} == set()
        with pytest.raises(NotSignedIn):
            await queries.signed_in(token, demo=False)
        assert await sign_in(keys, noon, fresh)

    async def test_leaves_what_was_not_asked_for(self, database, noon, keys):
        old = await add(keys, noon)

        fresh = await accounts.reset("zhang", keys, password=True, totp=False, at=noon)

        assert fresh.totp_secret is None
        assert await sign_in(keys, noon, accounts.Handed(fresh.password, old.totp_secret))

    async def test_knows_only_who_is_there(self, database, noon, keys):
        with pytest.raises(NoSuchStaff):
            await accounts.reset("zhang", keys, password=True, totp=True, at=noon)
        with pytest.raises(NoSuchStaff):
            await accounts.disable("zhang", at=noon)


async def test_everybody_is_listed_with_what_is_the_matter(database, noon, keys):
    await add(keys, noon, "wang")
    await a_staff(noon, username="bureau")
    await accounts.disable("wang", at=noon)

    assert await queries.everybody() == [
        {"username": "bureau", "roles": ["bureau"], "demo": True, "disabled": False, "locked": False},
        {"username": "wang", "roles": ["bureau"], "demo": False, "disabled": True, "locked": False},
    ]
