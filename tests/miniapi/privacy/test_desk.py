import asyncio
import json

import pytest

from miniapi.accounts.actions import Identity, bind_phone, verify_identity
from miniapi.accounts.errors import IdentityRequired
from miniapi.accounts.models import Resident, Session
from miniapi.audit.models import AuditEvent
from miniapi.drops.models import Registration
from miniapi.ids import new_id
from miniapi.privacy import actions, desk, queries
from miniapi.privacy.errors import (
    AccountLeft,
    NoIdentityToMove,
    NoSuchResident,
    SameAccount,
    TargetHasIdentity,
)
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from miniapi.staff.errors import ReasonPersonal
from miniapi.vouchers.claiming import claim
from miniapi.vouchers.errors import AlreadyClaimed
from miniapi.vouchers.models import Voucher
from tests.factories.people import a_resident, an_id_number
from tests.factories.season import an_open_drop
from tests.miniapi.privacy.conftest import PHONE

BECAUSE = "居民换了手机，已当面核对身份证"


class TestLooking:
    async def test_is_written_down_each_time(self, life, officer, noon):
        await desk.look_at(life.resident.id, officer, at=noon)
        await desk.look_at(life.resident.id, officer, at=noon)

        events = await queries.access_to(life.resident.id)
        assert [(one.actor, one.action) for one in events] == [(officer.actor, "resident.viewed")] * 2

    async def test_at_nobody_is_refused(self, database, officer, noon):
        with pytest.raises(NoSuchResident):
            await desk.look_at(new_id(), officer, at=noon)


class TestSearching:
    async def test_finds_by_each_number_and_never_writes_it_down(self, life, officer, noon, keys):
        number = an_id_number()
        other = await a_resident(noon, verified=False)
        await verify_identity(other, Identity("张三", number), keys, at=noon)
        wanted = {
            "id_number": (number.lower(), other),
            "ticket": (life.ticket.number, life.resident),
            "pickup": (life.pickup.number, life.resident),
            "voucher": (life.voucher.code.lower(), life.resident),
        }

        for by, (given, owner) in wanted.items():
            assert (await desk.search(by, given, officer, keys, at=noon)).id == owner.id

        log = "".join(f"{one.subject}{one.reason}{one.before}{one.after}" for one in await AuditEvent.all())
        searches = AuditEvent.filter(action="resident.searched").order_by("seq")
        assert all(given.upper() not in log.upper() for given, _ in wanted.values())
        assert [json.loads(one.after)["by"] for one in await searches] == list(wanted)

    async def test_in_vain_is_written_down_too(self, database, officer, noon, keys):
        with pytest.raises(NoSuchResident):
            await desk.search("id_number", an_id_number(), officer, keys, at=noon)

        event = await AuditEvent.get()
        assert (event.subject, event.action) == ("resident:unknown", "resident.searched")


class TestRevealing:
    async def test_shows_what_was_asked_for_and_says_who_why_and_what(self, life, officer, noon, keys):
        shown = await desk.reveal(life.resident.id, ["phone"], BECAUSE, officer, keys, at=noon)

        event = await AuditEvent.get(action="resident.revealed")
        assert shown == {"phone": PHONE}
        assert (event.actor, event.subject) == (officer.actor, f"resident:{life.resident.id}")
        assert (event.reason, json.loads(event.after)) == (BECAUSE, {"role": "support", "fields": ["phone"]})
        assert PHONE not in event.after

    async def test_what_is_not_there_is_null(self, database, officer, noon, keys):
        resident = await a_resident(noon, verified=False)

        shown = await desk.reveal(resident.id, ["name", "id_number"], BECAUSE, officer, keys, at=noon)

        assert shown == {"name": None, "id_number": None}

    async def test_a_number_in_the_reason_is_hidden(self, life, officer, noon, keys):
        await desk.reveal(
            life.resident.id, ["name"], "回电 １３９-８７６５-４３２０ 核对", officer, keys, at=noon
        )

        assert (await AuditEvent.get(action="resident.revealed")).reason == "回电 *** 核对"

    async def test_a_reason_that_names_the_resident_is_refused(self, life, officer, noon, keys):
        for reason in (f"回电 {PHONE} 核对", "王小明来电核对"):
            with pytest.raises(ReasonPersonal):
                await desk.reveal(life.resident.id, ["name"], reason, officer, keys, at=noon)

        by_staff = await AuditEvent.filter(actor=officer.actor)
        assert {one.action for one in by_staff} == {"reason.refused"}


class TestMovingAnIdentity:
    async def test_takes_the_person_and_the_vouchers_along(
        self, life, officer, database, library, noon, keys
    ):
        name, person = keys.unseal(life.resident.name_sealed), life.resident.person_id
        target = await a_resident(noon, verified=False)

        moved = await desk.move_identity(life.resident.id, target.id, BECAUSE, officer, keys, at=noon)

        source, target = await Resident.get(id=life.resident.id), await Resident.get(id=target.id)
        assert moved.vouchers == 1
        assert (source.person_id, source.name_sealed, source.id_number_sealed) == (None, None, None)
        assert source.phone_sealed is not None
        assert (target.person_id, keys.unseal(target.name_sealed)) == (person, name)
        assert (await Voucher.get()).resident_id == target.id
        assert (await Registration.get()).resident_id == target.id
        assert await Session.filter(resident_id=source.id, ended_at=None).count() == 0
        with pytest.raises(AlreadyClaimed):
            await claim(life.drop.id, target, library, at=noon)
        assert await differences(database, library) == []

    async def test_for_a_reason_that_names_either_is_refused(self, life, officer, noon, keys):
        target = await bind_phone(await a_resident(noon, verified=False), "13700001111", keys, verified=True)

        for reason in ("王小明换了手机，已核对", "新号 137 0000 1111，已核对"):
            with pytest.raises(ReasonPersonal):
                await desk.move_identity(life.resident.id, target.id, reason, officer, keys, at=noon)

        assert (await Resident.get(id=life.resident.id)).person_id is not None

    async def test_tells_both_and_writes_both_down(self, life, officer, noon, keys):
        target = await a_resident(noon, verified=False)

        await desk.move_identity(life.resident.id, target.id, BECAUSE, officer, keys, at=noon)

        told = await Notice.filter(kind="ticket")
        assert {one.resident_id for one in told} == {life.resident.id, target.id}
        for one, other in ((life.resident, target), (target, life.resident)):
            event = await queries.access_to(one.id).get()
            assert (event.action, event.reason) == ("identity.moved", BECAUSE)
            assert str(other.id) in event.after
            assert json.loads(event.before)["verified"] != json.loads(event.after)["verified"]

    async def test_refuses_what_makes_no_sense(self, life, officer, noon, keys):
        empty, full, gone = (
            await a_resident(noon, verified=False),
            await a_resident(noon),
            await a_resident(noon),
        )
        await actions.leave(gone.id, at=noon)

        for source, target, refusal in (
            (life.resident.id, life.resident.id, SameAccount),
            (life.resident.id, new_id(), NoSuchResident),
            (empty.id, full.id, NoIdentityToMove),
            (life.resident.id, full.id, TargetHasIdentity),
            (life.resident.id, gone.id, AccountLeft),
        ):
            with pytest.raises(refusal):
                await desk.move_identity(source, target, BECAUSE, officer, keys, at=noon)

        assert await AuditEvent.filter(action="identity.moved").count() == 0

    async def test_two_ways_at_once_end_in_one_account(self, life, officer, database, library, noon, keys):
        other = await a_resident(noon, verified=False)
        ways = ((life.resident.id, other.id), (other.id, life.resident.id)) * 3

        outcomes = await asyncio.gather(
            *(desk.move_identity(*way, BECAUSE, officer, keys, at=noon) for way in ways),
            return_exceptions=True,
        )

        allowed = {desk.Moved, NoIdentityToMove, TargetHasIdentity}
        assert {type(one) for one in outcomes} <= allowed
        assert await Resident.exclude(person_id=None).count() == 1
        holder = await Resident.exclude(person_id=None).get()
        assert (await Voucher.get()).resident_id == holder.id
        assert await differences(database, library) == []

    async def test_a_claim_by_the_old_account_comes_before_or_not_at_all(
        self, database, library, officer, noon, keys
    ):
        drop = await an_open_drop(library, noon)
        source, target = await a_resident(noon), await a_resident(noon, verified=False)

        outcomes = await asyncio.gather(
            claim(drop.id, source, library, at=noon),
            desk.move_identity(source.id, target.id, BECAUSE, officer, keys, at=noon),
            return_exceptions=True,
        )

        assert type(outcomes[0]) in (Voucher, IdentityRequired)
        assert await Voucher.filter(resident_id=source.id).count() == 0
        assert await differences(database, library) == []
