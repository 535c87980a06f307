"""The check of the whole run's log lines notices what is put into one."""

import asyncio
import logging

import pytest

from miniapi.audit.models import AuditEvent
from tests.factories.people import a_resident, an_id_number
from tests.factories.slots import a_slot
from tests.privacy import Watch

TOKEN = "Zr3-kq_9dXcVb0NmLkJhGfDsAqWeRtYuIoP1x2C3v4B"


@pytest.fixture
def planted():
    """A second watch that sees what the run's own must not: lines that are planted go to it alone."""
    watch, log = Watch(), logging.getLogger("planted")
    log.propagate, log.handlers = False, [watch]
    log.setLevel("DEBUG")
    yield watch, log
    log.handlers = []


class TestAPlantedDatum:
    @pytest.mark.parametrize("datum", ["张三", "示例路 8 号", "明天上午来收旧冰箱", "a password"])
    def test_that_a_test_has_sent_is_noticed(self, planted, datum):
        watch, log = planted
        watch.know_body({"contact": [{"name": datum}]})

        log.debug("booked for %s", datum)

        assert len(watch.offences()) == 1
        assert watch.offences() == []

    def test_that_the_service_has_sealed_is_noticed(self, watched, keys):
        before = set(watched.data)

        keys.seal("一句没人说过的话")

        assert watched.data - before == {"一句没人说过的话"}

    @pytest.mark.parametrize("datum", ["13812345678", an_id_number(), TOKEN, f"Bearer {TOKEN}"])
    def test_nobody_told_of_is_noticed_by_its_shape(self, planted, datum):
        watch, log = planted

        log.info("see", extra={"what": datum})

        assert len(watch.offences()) == 1

    def test_that_a_real_process_wrote_is_noticed(self, planted, tmp_path):
        watch, _ = planted
        file = tmp_path / "stderr.log"
        file.write_text('{"event": "booked for 张三"}\n{"event": "request"}\n', encoding="utf-8")
        watch.files.add(file)
        watch.know("张三")

        assert len(watch.offences()) == 1

    def test_is_not_shown_again(self, planted):
        watch, log = planted

        log.info("13812345678")

        assert "13812345678" not in str(watch.offences())


async def test_the_lines_of_the_application_are_really_seen(web, watched):
    before = watched.seen

    await web.get("/clock")
    await asyncio.sleep(0)

    assert watched.seen > before
    assert any("/api/v1/clock" in line for line in watched.lines)


async def test_what_is_written_beside_a_booking_stands_in_no_line_metric_or_audit_event(web, watched, noon):
    resident, slot = await a_resident(noon), await a_slot(noon)
    note, reason = "放在三楼的王奶奶家", "我要住院了改天再约"
    items, address = [{"category": "fridge", "note": note}], {"district": "杨陵区", "street": "示例路 8 号"}
    booked = await web.post("/pickups", by=resident, slot=str(slot.id), items=items, address=address)
    cancelled = await web.post(f"/pickups/{booked.json['id']}/cancel", by=resident, reason=reason)
    await web.delete("/me", by=resident)

    told = [str(watched.lines), (await web.get("/metrics")).raw.decode()]
    told += [f"{one.reason}{one.before}{one.after}" for one in await AuditEvent.all()]

    assert cancelled.status == 200
    assert {note, reason} <= watched.data
    assert not [one for one in told if note in one or reason in one]
