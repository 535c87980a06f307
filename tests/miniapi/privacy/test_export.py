import json
from datetime import timedelta

from tortoise import Tortoise

from miniapi.accounts.models import Person, Resident
from miniapi.audit.models import AuditEvent
from miniapi.chat.models import ChatMessage, Conversation
from miniapi.http.models import KeptAnswer
from miniapi.privacy import actions, desk, export
from miniapi.privacy.schemas import ExportJson
from miniapi.settlement.models import SettlementLine
from miniapi.vouchers.claiming import claim
from tests.factories.counter import a_clerk, a_redemption
from tests.factories.custody import a_dismantled
from tests.factories.people import a_resident
from tests.factories.season import a_drop
from tests.miniapi.privacy.conftest import CONTACT, NOTE, PHONE, STREET, WORDS

IN_ACCOUNT = {Resident, Person}
EXCUSED = {
    KeptAnswer: "copies of answers that the caller has had already, kept for a day",
    SettlementLine: "what a shop was paid; that it was stands in the history of the redemption",
}
WHOSE = {"resident_id", "person_id", "owner_id", "caller"}  # columns that say whose a row is


async def exported(resident, keys, at):
    """The document."""
    return json.loads("".join([piece async for piece in export.pieces(resident, keys, at=at)]))


def about_people():
    """Every model whose rows belong to a resident or person, directly or through another one's row."""
    models = set(Tortoise.apps["miniapi"].values())
    found = {Resident, Person} | {
        one for one in models if WHOSE & set(one._meta.fields_db_projection.values())
    }
    while True:
        more = {one for one in models - found if points_at(one) & found}
        if not more:
            return found
        found |= more


def points_at(model):
    """The models that the foreign keys of a model name."""
    return {model._meta.fields_map[name].related_model for name in model._meta.fk_fields}


async def shopping(life, noon, library):
    """What the resident bought with another voucher at somebody's counter, and sold at their own."""
    earlier = await a_drop(life.drop.programme, noon - timedelta(minutes=90))
    bought_with = await claim(earlier.id, life.resident, library, at=noon)
    bought = await a_redemption(noon, library, voucher=bought_with)
    own_counter = await a_clerk(noon, resident=life.resident)
    sold_with = await claim(earlier.id, await a_resident(noon), library, at=noon)
    sold = await a_redemption(noon, library, voucher=sold_with, clerk=own_counter)
    return bought, sold


async def test_every_table_about_people_is_told_or_excused(database):
    told = {model for section in export.SECTIONS for model in section.tells_of}

    assert len(about_people()) >= 15
    assert about_people() == told | IN_ACCOUNT | set(EXCUSED)


async def test_tells_everything_in_the_clear(life, noon, keys, officer, library):
    await shopping(life, noon, library)
    gone = await a_dismantled(noon, life.resident)
    await desk.reveal(life.resident.id, ["phone"], "核对手机号码", officer, keys, at=noon)

    told = await exported(life.resident, keys, noon)

    assert set(told) == set(ExportJson.__annotations__)
    assert [name for name, part in told.items() if not part] == []
    assert told["account"]["phone"] == PHONE
    assert told["account"]["id_number"] == keys.unseal(life.resident.id_number_sealed)
    assert told["vouchers"][0]["code"] == life.voucher.code
    assert [one["state"] for one in told["vouchers"][0]["history"]] == ["issued"]
    assert [one["hand"] for one in told["handovers"]] == ["crew", "station", "dismantler"]
    assert [one["pickup"] for one in told["certificates"]] == [str(gone.id)]
    booked = told["pickups"][0]
    assert (booked["street"], booked["contact"]["name"]) == (STREET, CONTACT.name)
    assert [(one["category"], one["note"]) for one in booked["items"]] == [("fridge", NOTE)]
    assert told["tickets"][0]["text"] == told["messages"][0]["text"] == WORDS
    assert told["access_by_staff"][0]["reason"] == "核对手机号码"


async def test_tells_what_was_bought_and_of_what_was_sold_nothing_of_the_buyer(life, noon, keys, library):
    bought, sold = await shopping(life, noon, library)

    told = await exported(life.resident, keys, noon)

    (purchase,) = told["purchases"]
    assert (purchase["serial_number"], purchase["voucher"]) == (bought.serial_number, str(bought.voucher_id))
    assert [event["what"] for event in purchase["history"]] == ["redeemed"]
    assert [one["id"] for one in told["sales"]] == [str(sold.id)]
    assert len(told["presentations"]) == len(told["quotes"]) == len(told["quotes_made"]) == 1
    written = json.dumps(told)
    assert str(sold.voucher_id) not in written
    assert sold.serial_number not in written


async def test_tells_no_secret_and_nothing_of_anybody_else(life, noon, keys, library):
    other = await a_resident(noon)

    written = json.dumps(await exported(life.resident, keys, noon))

    assert "token" not in written
    assert "sealed" not in written
    assert str(other.id) not in written


async def test_tells_what_the_person_did_with_an_earlier_account(life, noon, keys):
    person = life.resident.person_id
    await actions.leave(life.resident.id, at=noon)
    again = await Resident.create(
        openid="o-again",
        created_at=noon,
        person_id=person,
        name_sealed=keys.seal("张三"),
        id_number_sealed=keys.seal("1"),
    )

    told = await exported(again, keys, noon)

    assert [one["state"] for one in told["vouchers"]] == ["void"]
    assert told["pickups"] == []


async def test_holds_few_rows_in_memory_and_loses_none(database, noon, keys):
    resident = await a_resident(noon)
    talk = await Conversation.create(
        name="long-talk", owner=resident, memory_sealed=keys.seal("{}"), updated_at=noon
    )
    words = [f"第 {number} 句" for number in range(export.AT_ONCE * 2 + 7)]
    rows = [
        ChatMessage(
            conversation_id=talk.id,
            text_sealed=keys.seal(one),
            reply_sealed=keys.seal("好"),
            intent="x",
            confidence=0,
            at=noon,
        )
        for one in words
    ]
    await ChatMessage.bulk_create(rows)

    told = await exported(resident, keys, noon)

    assert sorted(one["text"] for one in told["messages"]) == sorted(words)


async def test_is_written_down(life, noon):
    await export.record_export(life.resident.id, at=noon)

    assert await AuditEvent.filter(action="resident.exported").count() == 1
