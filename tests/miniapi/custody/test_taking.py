"""From hand to hand: what a station and a dismantler may take over, and what is written down of it."""

import asyncio
from datetime import date, timedelta
from importlib import import_module

import pytest

from miniapi.accounts.models import Resident
from miniapi.custody import taking
from miniapi.custody.models import Certificate
from miniapi.http.errors import InvalidRequest
from miniapi.merchants.errors import LicenceExpired, LicenceMissing
from miniapi.merchants.models import Crew, Merchant, MerchantKind
from miniapi.pickup import crewing
from miniapi.pickup.errors import ActionUsed, NoSuchPickup, NotNow
from miniapi.pickup.handover_models import Hand, Handover
from miniapi.pickup.models import Pickup, PickupEvent, PickupState
from miniapi.privacy.actions import leave
from miniapi.reminders.models import Notice
from miniapi.reports.audit import differences
from tests.factories.custody import (
    WEIGHT,
    a_collected,
    a_dismantled,
    a_dismantler,
    a_received,
    a_station,
    at_the_door,
)
from tests.factories.licences import a_licence
from tests.factories.people import KEYS
from tests.factories.pickups import all_right, an_act
from tests.factories.slots import a_crew_member
from tests.miniapi.reports.test_audit import by_hand


async def a_recycler(name="示例另一家回收公司"):
    return await Merchant.create(
        region="yangling", kind=MerchantKind.RECYCLER, name=name, address="示例路 2 号"
    )


async def hands(pickup):
    return sorted([one.hand for one in await Handover.filter(pickup_id=pickup.id)], key=list(Hand).index)


class TestTheWay:
    async def test_an_old_thing_goes_from_hand_to_hand(self, database, noon, library):
        pickup = await a_dismantled(noon)

        chain = await Handover.filter(pickup_id=pickup.id).order_by("id").prefetch_related("merchant")
        assert [(one.hand, one.previous, one.merchant.name) for one in chain] == [
            (Hand.CREW, None, "示例回收公司"),
            (Hand.STATION, Hand.CREW, "示例回收公司"),
            (Hand.DISMANTLER, Hand.STATION, "示例拆解公司"),
        ]
        assert all(one.licence_valid_until == date(2027, 12, 31) for one in chain)
        assert {one.weight_grams for one in chain} == {WEIGHT}
        assert pickup.state is PickupState.DISMANTLED
        assert await differences(database, library) == []

    async def test_its_owner_is_told_and_gets_a_certificate(self, database, noon):
        pickup = await a_dismantled(noon)

        told = await Notice.filter(resident_id=pickup.resident_id).order_by("id")
        assert [one.about.partition(" 的")[2] for one in told][-2:] == [
            "旧物已送到回收站",
            "旧物已由有资格的企业拆解，可查看和下载处理证明",
        ]
        paper = await Certificate.get(pickup_id=pickup.id)
        assert (len(paper.code), paper.issued_at) == (26, noon)

    async def test_it_goes_on_when_its_owner_has_left(self, database, noon, library):
        pickup, worker = await a_received(noon), await a_dismantler(noon)
        await leave(pickup.resident_id, at=noon)

        await taking.dismantle(pickup.id, WEIGHT, worker, an_act(noon), KEYS, at=noon)

        assert await hands(pickup) == list(Hand)
        assert await Notice.filter(resident_id=pickup.resident_id).count() == 0
        assert await Resident.filter(id=pickup.resident_id, openid=None).exists()
        assert await differences(database, library) == []


class TestWhoMayTakeIt:
    async def test_a_station_takes_in_what_its_own_crews_collected(self, database, noon):
        pickup, elsewhere = await a_collected(noon), await a_station(noon, await a_recycler())
        await a_licence(elsewhere.merchant)

        with pytest.raises(NoSuchPickup):
            await taking.receive(pickup.id, WEIGHT, elsewhere, an_act(noon), KEYS, at=noon)

    async def test_nothing_is_left_out(self, database, noon):
        pickup, dismantler = await a_collected(noon), await a_dismantler(noon)

        with pytest.raises(NoSuchPickup):
            await taking.dismantle(pickup.id, WEIGHT, dismantler, an_act(noon), KEYS, at=noon)

    async def test_a_dismantler_takes_what_lies_in_its_own_region(self, database, noon):
        pickup, far = await a_received(noon), await a_dismantler(noon, "示例远方拆解公司", region="qingzhou")

        with pytest.raises(NoSuchPickup):
            await taking.dismantle(pickup.id, WEIGHT, far, an_act(noon), KEYS, at=noon)

    async def test_what_another_has_taken_apart_is_nobody_elses(self, database, noon):
        pickup, second = await a_dismantled(noon), await a_dismantler(noon, "示例第二拆解公司")

        with pytest.raises(NoSuchPickup):
            await taking.dismantle(pickup.id, WEIGHT, second, an_act(noon), KEYS, at=noon)

    async def test_nothing_is_taken_twice(self, database, noon):
        pickup, worker = await a_received(noon), await a_station(noon)

        with pytest.raises(NotNow):
            await taking.receive(pickup.id, WEIGHT, worker, an_act(noon), KEYS, at=noon)


class TestLicences:
    async def test_without_one_nothing_is_collected_and_nothing_is_lost(self, database, noon):
        crew = await Crew.create(merchant=await a_recycler(), name="一组")
        pickup, member = await at_the_door(noon, member=await a_crew_member(noon, crew))

        with pytest.raises(LicenceMissing, match="示例另一家回收公司还没有登记再生资源回收经营备案"):
            await crewing.collect(pickup.id, all_right(pickup), member, an_act(noon), KEYS, at=noon)

        kept = await Pickup.get(id=pickup.id)
        assert (kept.state, kept.wrong_codes, await hands(kept)) == (PickupState.ARRIVED, 0, [])

    async def test_an_expired_one_is_said_with_whose_and_since_when(self, database, noon):
        pickup, worker = await a_collected(noon), await a_station(noon)
        await a_licence(worker.merchant, noon.date() - timedelta(days=1), added_at=noon)

        with pytest.raises(LicenceExpired, match=r"示例回收公司的.* 起已过有效期") as refused:
            await taking.receive(pickup.id, WEIGHT, worker, an_act(noon), KEYS, at=noon)

        assert refused.value.facts["since"].date() == noon.date()
        assert await hands(pickup) == [Hand.CREW]

    async def test_the_same_action_counts_once_the_licence_is_renewed(self, database, noon):
        pickup, worker, act = await a_collected(noon), await a_station(noon), an_act(noon)
        await a_licence(worker.merchant, noon.date() - timedelta(days=1), added_at=noon)
        with pytest.raises(LicenceExpired):
            await taking.receive(pickup.id, WEIGHT, worker, act, KEYS, at=noon)
        await a_licence(worker.merchant, noon.date(), added_at=noon + timedelta(minutes=1))

        await taking.receive(pickup.id, WEIGHT, worker, act, KEYS, at=noon + timedelta(minutes=2))

        assert await hands(pickup) == [Hand.CREW, Hand.STATION]

    async def test_it_is_good_until_the_end_of_its_last_day(self, database, noon):
        pickup, worker = await a_received(noon), await a_dismantler(noon, licensed=False)
        await a_licence(worker.merchant, noon.date())
        midnight = (noon + timedelta(days=1)).replace(hour=0)
        late, too_late = an_act(midnight - timedelta(seconds=1)), an_act(midnight)

        with pytest.raises(LicenceExpired):
            await taking.dismantle(pickup.id, WEIGHT, worker, too_late, KEYS, at=midnight)
        # a phone that was offline tells the next morning what was done in time
        morning = midnight + timedelta(hours=8)
        await taking.dismantle(pickup.id, WEIGHT, worker, late, KEYS, at=morning)

        assert await hands(pickup) == list(Hand)


class TestOnce:
    async def test_an_action_that_comes_again_changes_nothing(self, database, noon):
        pickup, worker, act = await a_collected(noon), await a_station(noon), an_act(noon)
        first = await taking.receive(pickup.id, WEIGHT, worker, act, KEYS, at=noon)

        again = await taking.receive(pickup.id, WEIGHT, worker, act, KEYS, at=noon)

        assert again.id == first.id
        assert await hands(pickup) == [Hand.CREW, Hand.STATION]
        assert await PickupEvent.filter(what="received").count() == 1

    async def test_two_scans_at_once_are_one_taking_over(self, database, noon):
        pickup, worker = await a_collected(noon), await a_station(noon)

        outcomes = await asyncio.gather(
            *(taking.receive(pickup.id, WEIGHT, worker, an_act(noon), KEYS, at=noon) for _ in range(8)),
            return_exceptions=True,
        )

        assert sorted(type(one).__name__ for one in outcomes) == ["Handover", *["NotNow"] * 7]
        assert await hands(pickup) == [Hand.CREW, Hand.STATION]

    async def test_an_action_cannot_be_two_things(self, database, noon):
        pickup, worker = await a_received(noon), await a_dismantler(noon)
        used = (await Handover.get(pickup_id=pickup.id, hand=Hand.STATION)).action

        with pytest.raises(ActionUsed):
            await taking.dismantle(pickup.id, WEIGHT, worker, an_act(noon, action=used), KEYS, at=noon)

    @pytest.mark.parametrize("ahead", [timedelta(minutes=5, seconds=1), timedelta(hours=-25)])
    async def test_a_time_the_phone_cannot_mean_is_refused(self, database, noon, ahead):
        pickup, worker = await a_collected(noon), await a_station(noon)

        with pytest.raises(InvalidRequest):
            await taking.receive(pickup.id, WEIGHT, worker, an_act(noon + ahead), KEYS, at=noon)

    async def test_nothing_arrives_before_it_set_out(self, database, noon):
        pickup, worker = await a_collected(noon), await a_station(noon)

        before = an_act(noon - timedelta(minutes=5, seconds=1))

        with pytest.raises(InvalidRequest):
            await taking.receive(pickup.id, WEIGHT, worker, before, KEYS, at=noon)


class TestWeighing:
    @pytest.mark.parametrize(
        ("weighed", "off"), [(27_000, False), (26_999, True), (33_000, False), (33_001, True)]
    )
    async def test_more_than_a_tenth_is_off(self, database, noon, weighed, off):
        pickup, worker = await a_collected(noon), await a_station(noon)

        taken = await taking.receive(pickup.id, weighed, worker, an_act(noon), KEYS, at=noon)

        assert (taken.weight_grams, taken.weight_off) == (weighed, off)

    async def test_the_dismantler_is_compared_with_the_station(self, database, noon):
        pickup, station, dismantler = await a_collected(noon), await a_station(noon), await a_dismantler(noon)
        await taking.receive(pickup.id, 20_000, station, an_act(noon), KEYS, at=noon)

        taken = await taking.dismantle(pickup.id, 20_500, dismantler, an_act(noon), KEYS, at=noon)

        assert taken.weight_off is False


async def test_what_was_collected_before_hand_overs_were_kept_can_go_on(database, noon):
    pickup, worker = await a_collected(noon), await a_station(noon)
    migration = import_module("miniapi.database.migrations.0011_custody")
    await by_hand(database, "DELETE FROM handover", migration.COLLECTED_BEFORE)

    await taking.receive(pickup.id, WEIGHT, worker, an_act(noon), KEYS, at=noon)

    first = await Handover.get(pickup_id=pickup.id, hand=Hand.CREW)
    assert (first.merchant_id, first.weight_grams, first.done_at) == (worker.merchant.id, WEIGHT, noon)
    assert (first.licence_number, first.licence_valid_until) == (None, None)
    assert await hands(pickup) == [Hand.CREW, Hand.STATION]


def test_codes_of_certificates_are_never_the_same():
    codes = {taking.new_code() for _ in range(1000)}

    assert len(codes) == 1000
    assert all(len(code) == 26 and set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for code in codes)
