"""Every constraint of every model stands in PostgreSQL, and refuses a bad row."""

from datetime import timedelta

import pytest
from tortoise import Tortoise
from tortoise.exceptions import IntegrityError
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.transactions import in_transaction

from miniapi.accounts.models import IdentityKey, Person, Session, SessionKey
from miniapi.audit.models import AuditEvent
from miniapi.chat.models import ChatMessage, Conversation, MissedQuestion, PushInHand
from miniapi.custody.models import Certificate
from miniapi.database import sql
from miniapi.database.connection import connected
from miniapi.database.schema import missing_migrations
from miniapi.drops.models import Registration
from miniapi.http.models import KeptAnswer
from miniapi.ids import new_id
from miniapi.ledger.models import Account, Entry, Transfer
from miniapi.merchants.models import (
    Crew,
    Invitation,
    Licence,
    Member,
    Merchant,
    MerchantKind,
    Point,
    PointHours,
    PriceRow,
    PriceTable,
    Role,
)
from miniapi.pickup.handover_models import Handover
from miniapi.pickup.models import (
    Closure,
    CrewHours,
    Hold,
    Pickup,
    PickupEvent,
    PickupOffer,
    Shift,
)
from miniapi.pickup.photo_models import PickupPhoto
from miniapi.privacy.models import Consent
from miniapi.programmes.models import Programme
from miniapi.redemption.models import CounterQuote, Redemption, RedemptionEvent
from miniapi.reminders.models import Grant, Notice
from miniapi.settlement.models import Settlement, SettlementLine
from miniapi.staff.models import Staff, StaffRole, StaffSession
from miniapi.tickets.models import Ticket, TicketEvent, TicketKind
from miniapi.vouchers.models import Presentation, Voucher, VoucherEvent
from miniapi.wechat.models import WeChatToken
from tests.factories.lottery import a_lottery
from tests.factories.people import a_resident
from tests.factories.slots import a_slot

HASH = "0" * 64
NO_LOTTERY = (
    "draws_at = NULL, seed_commitment = NULL, seed_sealed = NULL, entries_digest = NULL, seed = NULL,"
    " drawn_at = NULL"
)


@pytest.fixture
async def database(database_url):
    """The database as its owner, who may do what the service may not."""
    async with connected(database_url, as_owner=True):
        yield database_url


async def a_row_of_each(noon, library):
    """One good row of every table that has constraints."""
    drop, resident, slot = await a_lottery(library, noon), await a_resident(noon), await a_slot(noon)
    later = noon + timedelta(days=1)
    await drop.update_from_dict({"entries_digest": HASH, "seed": HASH, "drawn_at": drop.draws_at}).save()
    voucher = await Voucher.create(
        code="C",
        drop=drop,
        resident_id=resident.id,
        person_id=resident.person_id,
        region="yangling",
        rank=1,
        max_fen=5,
        reserved_fen=5,
        issued_at=noon,
        valid_until=later,
    )
    pickup = await Pickup.create(
        number="N",
        resident_id=resident.id,
        slot=slot,
        items=[{"category": "tv"}],
        district="D",
        booked_at=noon,
    )
    merchant = await Merchant.create(region="r", kind=MerchantKind.SELLER, name="m", address="a")
    clerk = await a_resident(noon)
    quote = await CounterQuote.create(
        voucher=voucher,
        merchant=merchant,
        clerk=clerk,
        category="tv",
        energy_grade=1,
        price_fen=10,
        subsidy_fen=1,
        quoted_at=noon,
        expires_at=later,
    )
    sold = await Redemption.create(
        quote=quote,
        voucher=voucher,
        programme=await Programme.get(),
        merchant=merchant,
        clerk=clerk,
        category="tv",
        energy_grade=1,
        brand="b",
        model="m",
        serial_number="s",
        invoice_number="i",
        invoice_fen=10,
        price_fen=10,
        subsidy_fen=1,
        trade_in_declared=True,
        pickup=pickup,
        flags=[],
        redeemed_at=noon,
    )
    ticket = await Ticket.create(
        number="0123456789",
        resident=resident,
        kind=TicketKind.HELP,
        role=StaffRole.SUPPORT,
        opened_at=noon,
        changed_at=noon,
    )
    staff = await Staff.create(
        username="somebody", roles=["bureau"], password_hash="h", totp_sealed="s", created_at=noon
    )
    talk = await Conversation.create(name="anonymous", memory_sealed="s", updated_at=noon)
    settlement = await Settlement.create(
        programme=await Programme.get(), merchant=merchant, staff=staff, amount_fen=1, settled_at=noon
    )
    rows = [
        await KeptAnswer.create(
            caller=new_id(),
            route="r",
            key="k",
            body_hash=HASH,
            status=200,
            answer_sealed="s",
            kept_until=noon,
        ),
        await Person.get(id=resident.person_id),
        resident,
        await Session.create(resident=resident, token_hash=HASH, created_at=noon, expires_at=later),
        await IdentityKey.get(),
        await AuditEvent.get(),
        staff,
        await StaffSession.create(staff=staff, token_hash=HASH, created_at=noon, expires_at=later),
        await Consent.create(resident=resident, version="1", at=noon),
        await Notice.create(
            resident=resident,
            kind="drop",
            subject=new_id(),
            dedupe_key="k",
            asked_for=True,
            about="a",
            fields_json={},
            due_at=noon,
            too_late_at=later,
            created_at=noon,
        ),
        await Grant.create(resident=resident, template_id="t", remaining=1),
        await Account.get(name="pool"),
        await Transfer.get(),
        await Entry.first(),
        await Programme.get(),
        merchant,
        await Member.create(resident=resident, merchant=merchant, role=Role.CLERK),
        point := await Point.create(region="r", name="p", address="a", lat=1, lon=1),
        await PointHours.create(point=point, weekday=1, begins=540, ends=600),
        prices := await PriceTable.create(merchant=merchant, valid_from=noon),
        await PriceRow.create(
            table=prices, number=1, category="tv", under_years=5, low_fen=1, high_fen=2, size="small"
        ),
        drop,
        await Registration.create(
            drop=drop, resident=resident, person_id=resident.person_id, registered_at=noon, place=1, won=True
        ),
        voucher,
        await VoucherEvent.create(voucher=voucher, state="issued", at=noon, note="n"),
        await Presentation.create(voucher=voucher, code="12345678", presented_at=noon, expires_at=later),
        quote,
        sold,
        await RedemptionEvent.create(redemption=sold, what="redeemed", at=noon, subsidy_fen=1, note="n"),
        settlement,
        await SettlementLine.create(settlement=settlement, redemption=sold, amount_fen=1),
        await Licence.create(
            merchant=merchant, kind="recycling", number="n", valid_until=noon.date(), added_at=noon
        ),
        await Handover.create(
            pickup=pickup,
            hand="crew",
            merchant=merchant,
            licence_number="n",
            licence_valid_until=noon.date(),
            weight_grams=1,
            action=new_id(),
            done_at=noon,
            at=noon,
        ),
        await Certificate.create(pickup=pickup, code="A" * 26, issued_at=noon),
        await Crew.get(),
        await Invitation.create(crew=await Crew.get(), code_hash=HASH, expires_at=noon),
        await CrewHours.create(crew=await Crew.get(), district="d", weekday=0, begins=1, ends=2, capacity=1),
        await Closure.create(
            region="r", starts_at=noon, ends_at=later, reason="r", staff=staff, closed_at=noon
        ),
        await Shift.get(),
        await Hold.create(resident=resident, slot=slot, expires_at=noon),
        await PickupOffer.create(pickup=pickup, price_fen=1, offered_at=noon),
        slot,
        pickup,
        await PickupEvent.create(pickup=pickup, what="booked", action=new_id(), done_at=noon, at=noon),
        await PickupPhoto.create(pickup=pickup, place=1, key_sealed="s", width=1, height=1, added_at=noon),
        ticket,
        await TicketEvent.create(ticket=ticket, what="opened", at=noon),
        talk,
        await ChatMessage.create(
            conversation=talk, text_sealed="t", reply_sealed="r", intent="i", confidence=1, at=noon
        ),
        await MissedQuestion.create(words="停车 怎么", why="declined", at=noon),
        await PushInHand.create(content_sealed="s", came_at=noon, taken_until=noon),
        await SessionKey.create(resident=resident, key_sealed="s", at=noon),
        await WeChatToken.create(appid="wx1"),
        await Conversation.create(name="somebodys", owner=resident, memory_sealed="s", updated_at=noon),
    ]
    return {type(row): row for row in rows}


# for every CHECK a change of a good row that breaks it and nothing else
BREAKS = {
    "only_success_is_kept": "status = 404, answer_sealed = 'x'",
    "fingerprint_is_hex": "fingerprint = 'X'",
    "here_with_openid_or_left": "openid = NULL",
    "verified_with_name_and_number": "name_sealed = NULL",
    "nothing_left_behind": "left_at = created_at, openid = NULL, phone_sealed = 'x'",
    "session_lasts": "expires_at = created_at",
    "one_identity_key": "id = 2",
    "audit_counts_from_one": "seq = 0",
    "audit_hash_is_hex": "hash = 'x'",
    "audit_names_both": "actor = 'nobody'",
    "username_plain": "username = 'Some Body'",
    "staff_roles_known": "roles = '[\"king\"]'",
    "who_reviews_does_not_pay": 'roles = \'["reviewer", "finance"]\'',
    "who_audits_does_nothing_else": 'roles = \'["auditor", "bureau"]\'',
    "a_second_factor_for_everybody": "totp_sealed = NULL",
    "failures_counted": "failures = -1",
    "staff_session_lasts": "expires_at = created_at",
    "notice_state_known": "state = 'lost', done_at = NULL",
    "notice_done_once": "done_at = created_at",
    "leased_while_sending": "lease_until = created_at",
    "keyed_before_the_call": "state = 'sending', lease_until = created_at",
    "tried_again_while_owed": "retry_at = created_at, state = 'sent', done_at = created_at",
    "notice_has_a_time": "too_late_at = due_at",
    "grants_not_overdrawn": "remaining = -1",
    "never_overdrawn": "balance = -1",
    "account_known": "name = 'purse'",
    "entry_moves_something": "amount = 0",
    "programme_lasts": "closes_at = opens_at",
    "grant_is_a_sum": "province_fen = -1",
    "merchant_kind_known": "kind = 'smuggler'",
    "role_known": "role = 'boss'",
    "point_on_earth": "lat = 91",
    "point_kind_known": "kind = 'castle'",
    "point_takes_a_list": "categories = '{}'",
    "price_rows_count_from_one": "number = 0",
    "price_size_known": "size = 'huge'",
    "price_age_is_a_span": "under_years = from_years",
    "price_is_a_range": "high_fen = low_fen - 1",
    "opening_on_a_weekday": "weekday = 0",
    "opening_within_a_day": "ends = 1441",
    "drop_has_a_quota": "quota = 0",
    "never_more_than_the_quota": "issued = quota + 1",
    "drop_lasts": f"closes_at = opens_at, mode = 'first_come', {NO_LOTTERY}",
    "voucher_has_a_validity": "valid_until = opens_at",
    "drop_mode_known": f"mode = 'auction', {NO_LOTTERY}",
    "a_lottery_commits_to_its_seed": "seed_sealed = NULL",
    "drawn_while_it_lasts": "draws_at = opens_at",
    "the_seed_is_told_with_the_draw": "seed = NULL",
    "seed_is_hex": "seed = 'X'",
    "place_counts_from_one": "place = 0",
    "won_with_a_place": "won = NULL",
    "voucher_state_known": "state = 'lost', reserved_fen = 0",
    "voucher_is_worth_something": "max_fen = 0, reserved_fen = 0, state = 'void'",
    "rank_counts_from_one": "rank = 0",
    "issued_holds_its_reserve": "reserved_fen = 0",
    "redeemed_within_its_worth": "subsidy_fen = max_fen",
    "voucher_lasts": "valid_until = issued_at",
    "voucher_event_state_known": "state = 'lost'",
    "presentation_code_is_eight_digits": "code = '1234567'",
    "presentation_ends_after_it_began": "expires_at = presented_at - interval '1 second'",
    "quote_state_known": "state = 'lost'",
    "quote_within_the_price": "subsidy_fen = price_fen + 1",
    "quote_grade_known": "energy_grade = 6",
    "quote_lasts": "expires_at = quoted_at",
    "redemption_state_known": "state = 'lost'",
    "subsidy_within_the_price": "subsidy_fen = price_fen + 1",
    "invoice_is_a_sum": "invoice_fen = -1",
    "grade_known": "energy_grade = 0",
    "redemption_dated": "state = 'refunded'",
    "owed_after_settlement_only": "owed_fen = 1",
    "redemption_event_known": "what = 'eaten'",
    "redemption_event_is_a_sum": "subsidy_fen = -1",
    "replaced_in_an_exchange": "what = 'redeemed', replaced_serial = 'SN1'",
    "settlement_pays_something": "amount_fen = 0",
    "line_pays_something": "amount_fen = 0",
    "licence_kind_known": "kind = 'fishing'",
    "hands_in_their_order": "previous = 'station'",
    "handover_with_a_licence": "licence_number = NULL",
    "licence_was_good": "licence_valid_until = licence_valid_until - 1",
    "handover_weighs": "weight_grams = 0",
    "handed_over_before_heard": "done_at = at + interval '1 second'",
    "certificate_code_cannot_be_guessed": "code = '0000'",
    "only_crews_go_out": "crew_id = (SELECT id FROM crew)",
    "hours_on_a_weekday": "weekday = 7",
    "hours_within_a_day": "ends = 25",
    "hours_have_places": "capacity = 0",
    "closure_lasts": "ends_at = starts_at",
    "closure_counts": "moved = -1",
    "never_overworked": "taken = capacity + 1",
    "slot_lasts": "ends_at = starts_at",
    "never_double_booked": "taken = capacity + 1",
    "pickup_state_known": "state = 'lost', crew_id = (SELECT id FROM crew)",
    "six_photos_a_pickup": "place = 7",
    "photo_kind_known": "kind = 'selfie'",
    "one_signature_a_pickup": "kind = 'signature', place = 2",
    "photo_shows_something": "width = 0",
    "pickup_has_items": "items = '[]'",
    "pickup_has_its_crew": "state = 'assigned'",
    "pickup_weighed_and_paid": "state = 'collected', crew_id = (SELECT id FROM crew)",
    "pickup_is_worth_a_sum": "price_fen = -1",
    "pickup_counts": "changes = -1",
    "pickup_event_known": "what = 'eaten'",
    "pickup_proof_known": "proof = 'code'",
    "invitation_hash_is_hex": "code_hash = 'x'",
    "pickup_actor_known": "actor = 'king'",
    "pickup_done_before_heard": "done_at = at + interval '1 second'",
    "offer_state_known": "state = 'lost', answered_at = offered_at",
    "offer_answered_once": "state = 'accepted'",
    "offer_is_a_sum": "price_fen = -1",
    "ticket_number_is_ten_digits": "number = '12345'",
    "ticket_kind_known": "kind = 'praise'",
    "ticket_state_known": "state = 'lost'",
    "ticket_role_known": "role = 'king'",
    "ticket_event_known": "what = 'eaten'",
    "staff_act_in_a_role": "role = 'bureau'",
    "ticket_verdict_known": "verdict = 'fine'",
    "push_was_tried": "attempts = 0",
    "wechat_token_expires": "token_sealed = 's'",
    "forced_twenty_times_a_day": "forced = 21",
    "conversation_name_plain": "name = 'a b c d e'",
    "confidence_is_a_share": "confidence = 1.1",
    "missed_words_are_words": "words = '房间 301'",
    "miss_known": "why = 'forgotten'",
}


def constraints():
    for model in Tortoise.apps["miniapi"].values():
        for constraint in getattr(model.Meta, "constraints", ()):
            yield model, constraint


async def test_every_constraint_of_every_model_stands_in_the_database(database):
    found = await sql.rows("SELECT conname AS name FROM pg_constraint UNION SELECT indexname FROM pg_indexes")

    assert {constraint.name for _, constraint in constraints()} <= {row["name"] for row in found}


async def test_every_check_refuses_a_bad_row(database, noon, library):
    rows = await a_row_of_each(noon, library)

    for model, constraint in constraints():
        if isinstance(constraint, CheckConstraint):
            table, key = model._meta.db_table, model._meta.db_pk_column
            change = f'UPDATE "{table}" SET {BREAKS[constraint.name]} WHERE {key} = $1 RETURNING {key}'
            with pytest.raises(IntegrityError, match=f'"{constraint.name}"'):
                await sql.rows(change, rows[model].pk)


async def test_every_unique_refuses_a_second_row(database, noon, library):
    rows = await a_row_of_each(noon, library)
    rows_of_nobody = await Conversation.get(name="anonymous")

    for model, constraint in constraints():
        if isinstance(constraint, CheckConstraint):
            continue
        row = rows_of_nobody if constraint.name == "one_nameless_conversation" else rows[model]
        with pytest.raises(IntegrityError, match=f'"{constraint.name}"'):
            await insert_again(model, row.pk, constraint)


async def drop_other_uniques(model, kept):
    for other in model.Meta.constraints:
        if isinstance(other, UniqueConstraint) and other is not kept:
            table = model._meta.db_table
            gone = f'ALTER TABLE "{table}" DROP CONSTRAINT' if other.condition is None else "DROP INDEX"
            await sql.rows(f"{gone} {other.name} CASCADE")


async def insert_again(model, row_key, kept):
    table, key = f'"{model._meta.db_table}"', model._meta.db_pk_column
    columns = await sql.rows(
        "SELECT attname AS name FROM pg_attribute"
        " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
        table,
    )
    names = ", ".join(column["name"] for column in columns if column["name"] != key)
    another = "gen_random_uuid()" if key == "id" else f"{key} + 1"
    async with in_transaction():  # rolled back by what is broken, and the others stand again
        await drop_other_uniques(model, kept)
        again = (
            f"INSERT INTO {table} ({key}, {names}) SELECT {another}, {names} FROM {table} WHERE {key} = $1"
        )
        await sql.rows(again, row_key)


async def test_no_model_waits_for_a_migration():
    assert await missing_migrations() == []
