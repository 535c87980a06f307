import json

import pytest

from miniapi.accounts.actions import bind_phone
from miniapi.audit.models import AuditEvent
from miniapi.staff.errors import ReasonPersonal
from miniapi.staff.models import StaffRole
from miniapi.staff.reasons import fit_to_keep
from tests.factories.people import a_resident, an_id_number
from tests.factories.tickets import an_officer

BECAUSE, PHONE, NUMBER = "居民来电，需要核对（第 2 次）", "13812345678", an_id_number(7)


@pytest.fixture
async def resident(database, noon, keys):
    return await bind_phone(await a_resident(noon), PHONE, keys, verified=True)


@pytest.fixture
async def kept(database, noon, keys):
    """What is kept of a reason."""
    officer = await an_officer(noon, StaffRole.SUPPORT)

    async def fit(reason, *residents):
        return await fit_to_keep(reason, residents, officer, StaffRole.SUPPORT, keys, at=noon)

    return fit


class TestFitToKeep:
    async def test_a_reason_without_people_stays_as_it_is(self, kept, resident):
        assert await kept(BECAUSE, resident) == BECAUSE
        assert await AuditEvent.all().count() == 0

    @pytest.mark.parametrize(
        "written",
        [
            NUMBER,
            f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
            f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}",
            f"{NUMBER[:6]}—{NUMBER[6:14]}　{NUMBER[14:]}",
            NUMBER.translate({ord("0") + digit: ord("０") + digit for digit in range(10)}),
            "139 8765 4321",
            "１３９－８７６５－４３２１",
            "+86 13987654321",
        ],
    )
    async def test_the_number_of_anybody_else_is_hidden(self, kept, resident, written):
        fit = await kept(f"身份证{written}，已当面核对", resident)

        assert fit.removeprefix("身份证").removeprefix("+") == "***，已当面核对"

    @pytest.mark.parametrize(
        "written", ["王小明", "王 小明", "王·小明", "138-1234-5678", "１３８１２３４５６７８"]
    )
    async def test_the_residents_own_name_and_phone_are_refused(self, kept, resident, written):
        with pytest.raises(ReasonPersonal):
            await kept(f"联系{written}核对", resident)

    async def test_the_residents_own_number_is_refused(self, kept, resident, keys):
        own = keys.unseal(resident.id_number_sealed)

        with pytest.raises(ReasonPersonal):
            await kept(f"身份证{own[:6]} {own[6:14]}-{own[14:].lower()}", resident)

    async def test_each_of_several_residents_counts(self, kept, resident, noon):
        nobody = await a_resident(noon, verified=False)

        with pytest.raises(ReasonPersonal):
            await kept("王小明的新账号", nobody, resident)

    async def test_what_nobody_has_given_cannot_be_named(self, kept, noon):
        assert await kept("王小明的新账号", await a_resident(noon, verified=False)) == "王小明的新账号"

    async def test_trying_out_a_name_is_on_record_without_it(self, kept, resident):
        with pytest.raises(ReasonPersonal):
            await kept("是不是王小明本人", resident)

        event = await AuditEvent.get()
        assert (event.action, event.subject) == ("reason.refused", f"resident:{resident.id}")
        assert (event.reason, json.loads(event.after)) == (None, {"role": "support"})
