import asyncio
from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from miniapi.accounts import actions, queries
from miniapi.accounts.actions import Identity
from miniapi.accounts.errors import (
    IdentityAlreadyVerified,
    IdentityMismatch,
    IdentityTaken,
    IdNumberInvalid,
    PhoneInvalid,
)
from miniapi.accounts.identity import SandboxVerifier
from miniapi.accounts.models import Person, Resident, Session, SessionKey
from miniapi.errors import NotSignedIn
from miniapi.wechat.client import Session as WeChatSession
from tests.factories.people import a_resident, an_id_number

VERIFIER = SandboxVerifier()


class OneUser:
    """A WeChat in which every code is of the same user."""

    async def session_for(self, login_code):
        return WeChatSession(openid="o-the-same-user-every-time", key=f"key of {login_code}")


class TestVerifyIdentity:
    async def test_seals_name_and_number(self, database, noon, keys):
        resident = await a_resident(noon, verified=False)

        await actions.verify_identity(resident, Identity("张三", an_id_number()), keys, at=noon)

        kept = await Resident.get(id=resident.id)
        assert an_id_number() not in (kept.id_number_sealed or "")
        assert keys.unseal(kept.id_number_sealed) == an_id_number()

    async def test_a_person_has_one_account(self, database, noon, keys):
        residents = [await a_resident(noon, verified=False) for _ in range(5)]

        outcomes = await asyncio.gather(
            *(
                actions.verify_identity(one, Identity("张三", an_id_number()), keys, at=noon)
                for one in residents
            ),
            return_exceptions=True,
        )

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IdentityTaken"] * 4 + ["Resident"]
        assert await Person.all().count() == 1

    async def test_the_same_person_again_is_no_trouble(self, database, noon, keys):
        resident = await a_resident(noon, verified=False)
        await actions.verify_identity(resident, Identity("张三", an_id_number()), keys, at=noon)

        again = await actions.verify_identity(resident, Identity("张三", an_id_number()), keys, at=noon)

        assert again.id == resident.id

    async def test_an_account_never_changes_its_person(self, database, noon, keys):
        resident = await a_resident(noon, verified=False)
        await actions.verify_identity(resident, Identity("张三", an_id_number(1)), keys, at=noon)

        with pytest.raises(IdentityAlreadyVerified):
            await actions.verify_identity(resident, Identity("李四", an_id_number(2)), keys, at=noon)

    async def test_wrong_numbers_and_names_are_told_apart(self, noon):
        with pytest.raises(IdNumberInvalid):
            await actions.proven("张三", "123", VERIFIER, at=noon)
        with pytest.raises(IdentityMismatch):
            await actions.proven("不匹配", an_id_number(), VERIFIER, at=noon)

    async def test_taken_is_said_also_to_the_second_alone(self, database, noon, keys):
        first, second = await a_resident(noon, verified=False), await a_resident(noon, verified=False)
        await actions.verify_identity(first, Identity("张三", an_id_number()), keys, at=noon)

        with pytest.raises(IdentityTaken):
            await actions.verify_identity(second, Identity("张三", an_id_number()), keys, at=noon)


async def test_a_phone_number_that_cannot_be_is_refused(database, noon, keys):
    with pytest.raises(PhoneInvalid):
        await actions.bind_phone(await a_resident(noon), "12345", keys, verified=False)


class TestSigningIn:
    async def test_many_at_once_make_one_resident(self, database, noon, keys):
        outcomes = await asyncio.gather(
            *(actions.sign_in("code", None, OneUser(), keys, at=noon) for _ in range(8))
        )

        assert {one.resident.id for one in outcomes} == {(await Resident.get()).id}
        assert await Session.all().count() == 8

    async def test_while_leaving_leaves_no_session_of_who_left(self, database, noon, keys):
        resident = (await actions.sign_in("code", None, OneUser(), keys, at=noon)).resident

        async def leave():
            async with in_transaction():
                await actions.leave(await actions.held(resident.id), at=noon)

        again = (actions.sign_in("code", None, OneUser(), keys, at=noon) for _ in range(6))
        await asyncio.gather(leave(), *again)

        assert await Session.filter(resident_id=resident.id).count() == 0
        assert await SessionKey.filter(resident_id=resident.id).count() == 0
        assert await Resident.filter(left_at=None).count() == 1

    async def test_keeps_the_last_key_of_wechats_sealed(self, database, noon, keys):
        for code in ("first", "second"):
            resident = (await actions.sign_in(code, None, OneUser(), keys, at=noon)).resident

        assert "key of" not in (await SessionKey.get()).key_sealed
        assert await queries.session_key(resident.id, keys) == "key of second"


class TestRenewing:
    async def test_gives_another_token_and_lets_the_old_one_end(self, database, noon, keys):
        old = await actions.sign_in("code", None, OneUser(), keys, at=noon)
        later = noon + timedelta(days=20)

        new = await actions.renew(old.resident.id, old.token, at=later)

        lasts = {one.token_hash: one.expires_at for one in await Session.all()}
        assert lasts == {
            actions.hash_of(old.token): later + actions.OLD_TOKEN_LASTS,
            actions.hash_of(new.token): later + actions.SIGNED_IN_FOR,
        }

    async def test_never_lengthens_the_old_ones_life(self, database, noon, keys):
        old = await actions.sign_in("code", None, OneUser(), keys, at=noon)
        almost_over = old.expires_at - timedelta(seconds=1)

        await actions.renew(old.resident.id, old.token, at=almost_over)

        assert (await Session.get(token_hash=actions.hash_of(old.token))).expires_at == old.expires_at

    async def test_is_nothing_for_who_signed_out_everywhere(self, database, noon, keys):
        old = await actions.sign_in("code", None, OneUser(), keys, at=noon)
        await actions.sign_out_everywhere(old.resident.id, at=noon)

        with pytest.raises(NotSignedIn):
            await actions.renew(old.resident.id, old.token, at=noon)
