"""What every column of text holds, written down: personal data stands in sealed ones, and nowhere else."""

from tortoise import Tortoise, fields

# what names somebody, however vaguely, says why it may stand in the open
HOLDS = {
    "account.book": "the code of a programme",
    "account.name": "one of six words",
    "audit_event.action": "a word of ours",
    "audit_event.actor": "a kind and an id of ours",
    "audit_event.after": "facts without personal data",
    "audit_event.before": "facts without personal data",
    "audit_event.hash": "a hash",
    "audit_event.previous": "a hash",
    "audit_event.reason": "why the staff did something; numbers are hidden, the resident's name is refused",
    "audit_event.request": "an id of ours, made for a request",
    "audit_event.subject": "a kind and an id of ours",
    "chat_message.intent": "a word of ours",
    "closure.district": "a district",
    "closure.reason": "why the bureau closes a time; numbers are hidden",
    "closure.region": "a region",
    "consent.version": "a version of the notice",
    "conversation.name": "chosen by the client at random, or a hash of the openid",
    "counter_quote.category": "a category",
    "counter_quote.state": "one of three words",
    "crew.name": "of a crew, not of its people",
    "crew_hours.district": "a district",
    "drop.entries_digest": "a hash",
    "drop.frozen_because": "why the bureau froze a drop",
    "drop.mode": "one of two words",
    "drop.seed": "64 random hex digits",
    "drop.seed_commitment": "a hash",
    "grant_count.kind": "a word of ours",
    "kept_answer.body_hash": "a keyed hash",
    "kept_answer.key": "chosen by the client at random, gone after a day",
    "kept_answer.route": "a method and a path, whose ids are ours",
    "member.role": "one of two words",
    "merchant.address": "of an enterprise on the public list",
    "merchant.kind": "one of two words",
    "merchant.name": "of an enterprise on the public list",
    "merchant.phone": "of an enterprise on the public list",
    "merchant.region": "a region",
    "missed_question.region": "a region",
    "missed_question.why": "one of three words",
    "missed_question.words": "common words of a question, without names, places and numbers, and nobody's",
    "notice.about": "what a notice is about: times, codes and numbers of ours",
    "notice.dedupe_key": "ids of ours",
    "notice.fields_json": "the same for WeChat: codes, times and a district, no street and no name",
    "notice.kind": "a word of ours",
    "notice.outcome": "a word of ours",
    "notice.state": "one of five words",
    "person.fingerprint": "a hash under a key of its own",
    "pickup.district": "a district, which crews are planned by",
    "pickup.items": "categories, age, whether it works; an old remark, erased when its owner leaves",
    "pickup.number": "a number of ours",
    "pickup.state": "one of eleven words",
    "pickup_event.actor": "one of six words",
    "pickup_event.reason": "why a booking was cancelled before reasons were sealed, erased on leaving",
    "pickup_event.what": "one of sixteen words",
    "pickup_offer.state": "one of four words",
    "point.address": "of a public place",
    "point.categories": "categories",
    "point.district": "a district",
    "point.kind": "one of four words",
    "point.name": "of a public place",
    "point.phone": "of a public place",
    "point.region": "a region",
    "presentation.code": "eight random digits, dead after a minute",
    "price_row.category": "a category",
    "price_row.note": "what a recycler means by a row of its prices",
    "price_row.size": "one of three words",
    "programme.claims_frozen_because": "why the bureau froze claims; numbers are hidden",
    "programme.code": "a code of ours",
    "programme.opened_because": "why the bureau opened it anyway; numbers are hidden",
    "programme.redemptions_frozen_because": "why the bureau froze redemptions; numbers are hidden",
    "programme.region": "a region",
    "programme.name": "of a programme",
    "redemption.brand": "of goods",
    "redemption.category": "a category",
    "redemption.flags": "words of ours",
    "redemption.invoice_number": "of an invoice, by which the shop and the auditor find it",
    "redemption.model": "of goods",
    "redemption.serial_number": "of goods",
    "redemption.state": "one of four words",
    "redemption.trade_in_category": "a category",
    "redemption_event.note": "a sentence of ours, the name of a shop, and why, without what names the buyer",
    "redemption_event.replaced_serial": "of goods",
    "redemption_event.what": "one of eight words",
    "resident.openid": "WeChat's name for an account in this mini-program alone, by which it is found",
    "resident.region": "a region",
    "seen_push.dedupe_key": "the hash of what WeChat's push was, gone after a week",
    "session.token_hash": "a hash",
    "slot.district": "a district",
    "slot.region": "a region",
    "staff.password_hash": "an Argon2 hash",
    "staff.roles": "words of ours",
    "staff.username": "what somebody of the bureau signs in with, not a resident's",
    "staff_session.token_hash": "a hash",
    "ticket.clause": "a clause of a document",
    "ticket.kind": "one of four words",
    "ticket.number": "a number of ours",
    "ticket.region": "a region",
    "ticket.role": "one of five words",
    "ticket.session": "the name of a conversation, chosen by the client at random",
    "ticket.state": "one of three words",
    "ticket.unit": "a unit of the government",
    "ticket_event.role": "one of five words",
    "ticket_event.what": "one of six words",
    "transfer.key": "ids of ours",
    "transfer.reason": "a word of ours",
    "voucher.code": "a code of ours",
    "voucher.region": "a region",
    "voucher.state": "one of four words",
    "voucher_event.note": "a sentence of ours",
    "voucher_event.state": "one of four words",
}
TEXT = (fields.CharField, fields.TextField, fields.JSONField)


def columns_of_text():
    """`table.column` of every column that can hold words."""
    for model in Tortoise.apps["miniapi"].values():
        for name, field in model._meta.fields_map.items():
            if isinstance(field, TEXT):
                yield f"{model._meta.db_table}.{model._meta.fields_db_projection[name]}"


async def test_every_column_of_text_is_sealed_or_written_down_here(database):
    open_ones = {column for column in columns_of_text() if not column.endswith("_sealed")}

    assert open_ones == set(HOLDS)


async def test_nobodys_name_number_or_address_stands_in_the_open(database):
    telling = ("name", "phone", "street", "contact", "id_number", "text", "reply", "memory", "answer")
    of_people = ("resident.", "pickup.", "ticket.", "ticket_event.", "chat_message.", "kept_answer.")

    assert not [one for one in HOLDS if one.startswith(of_people) and one.partition(".")[2] in telling]
