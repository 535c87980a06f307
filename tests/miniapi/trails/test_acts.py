"""Each movement of money is told with the act behind it, though everything happened in one moment."""

import pytest

from miniapi.ledger.models import Transfer
from miniapi.money import Fen
from miniapi.programmes.actions import Decision, decide
from miniapi.redemption.correcting import Price, correct_price
from miniapi.redemption.refunding import refund
from miniapi.redemption.reviewing import review
from miniapi.settlement.actions import recover
from miniapi.settlement.unspent import return_unspent
from miniapi.staff.callers import Bureau
from miniapi.staff.models import StaffRole
from miniapi.trails.acts import act_behind
from miniapi.trails.queries import trail
from miniapi.vouchers.ending import expire_overdue, void
from tests.factories.counter import a_clerk, a_redemption, a_voucher
from tests.factories.people import KEYS
from tests.factories.reviewing import a_reviewer
from tests.factories.settlement import a_payer, a_settlement
from tests.factories.staff import a_staff

BECAUSE = "门开不了，退货"


@pytest.fixture
async def bureau(database, noon):
    return Bureau(await a_staff(noon, StaffRole.BUREAU), "")


@pytest.fixture
async def voucher(database, noon, library):
    return await a_voucher(noon, library)


@pytest.fixture
def told(voucher):
    """What the trail says: why money moved, by which act, of whom."""

    async def tell():
        found = await trail(voucher.id)
        acts = [(one.reason, found.event_behind(one)) for one in found.transfers]
        return [(reason, act.action, act.actor) for reason, act in acts]

    return tell


async def test_of_a_voucher_that_was_used_twice(told, voucher, bureau, noon, library, keys):
    clerk, colleague = await a_clerk(noon), await a_clerk(noon)
    first = await a_redemption(noon, library, voucher=voucher, clerk=clerk)
    await refund(first.id, BECAUSE, clerk, library, at=noon)
    second = await a_redemption(noon, library, voucher=voucher, clerk=colleague)
    lower = Price(Fen(400_000), Fen(400_000))
    await correct_price(second.id, lower, "价格写错", colleague, library, at=noon)
    settled = (await a_settlement(noon, second)).settlement
    await refund(second.id, BECAUSE, colleague, library, at=noon)
    payer = await a_payer(noon)
    await recover(second.id, "商户已转账退回", payer, keys, at=noon)
    await void(voucher.id, "核对后发现重复", bureau, keys, at=noon)

    acts = await told()

    first_clerk, second_clerk = f"clerk:{clerk.id}", f"clerk:{colleague.id}"
    assert acts == [
        ("appropriation", "programme.opened", "operator:demo"),
        ("claim", "voucher.claimed", f"resident:{voucher.resident_id}"),
        ("redemption", "voucher.redeemed", first_clerk),
        ("redemption", "voucher.redeemed", first_clerk),
        ("refund", "redemption.refunded", first_clerk),
        ("reissue", "redemption.refunded", first_clerk),
        ("redemption", "voucher.redeemed", second_clerk),
        ("redemption", "voucher.redeemed", second_clerk),
        ("correction", "redemption.corrected", second_clerk),
        ("settlement", "settlement.paid", f"staff:{settled.staff_id}"),
        ("refund", "redemption.refunded", second_clerk),
        ("reissue", "redemption.refunded", second_clerk),
        ("recovery", "redemption.recovered", payer.actor),
        ("void", "voucher.voided", bureau.actor),
    ]


async def test_of_a_sale_that_was_rejected(told, voucher, noon, library):
    sold = await a_redemption(noon, library, voucher=voucher)
    reviewer = await a_reviewer(noon)
    await review(sold.id, "发票是假的", reviewer, KEYS, accepted=False, at=noon)

    acts = await told()

    assert acts[-1] == ("rejection", "redemption.rejected", reviewer.actor)


async def test_of_the_fund(told, voucher, noon, library):
    officers = [Bureau(await a_staff(noon, StaffRole.BUREAU), "") for _ in range(3)]
    for officer, province in zip(officers, (10_000_000, 10_000_000, 20_000_000), strict=True):
        decision = Decision(province_fen=Fen(province))
        await decide(library.packs["yangling"], decision, "省厅通知", officer, at=noon)
    programme = await (await voucher.drop).programme
    await expire_overdue(at=programme.closes_at)
    payer = await a_payer(noon)
    await return_unspent(library.packs["yangling"], "审计结束，结余退回", payer, at=programme.closes_at)

    acts = await told()

    first, nothing, second = (("grant", "programme.decided", one.actor) for one in officers)
    assert [one for one in acts if one[0] == "grant"] == [first] * 3 + [second] * 2
    assert nothing not in acts
    assert ("expiry", "voucher.expired", "job:expire_vouchers") in acts
    assert acts[-3:] == [("unspent", "programme.unspent_returned", payer.actor)] * 3


def test_of_a_reason_that_no_act_has_is_nobodys(noon):
    assert act_behind(Transfer(key="test", reason="test", at=noon), []) is None
