import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.chat.models import Miss
from miniapi.database.operations import AddConstraints
from miniapi.drops.models import DropMode
from miniapi.ids import new_id
from miniapi.ledger.models import AccountName
from miniapi.redemption.models import QuoteState, RedemptionAct, RedemptionState


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0006_kept_with_its_act")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CounterQuote",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "voucher",
                    fields.ForeignKeyField(
                        "miniapi.Voucher",
                        source_field="voucher_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="quotes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "miniapi.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="quotes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "clerk",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="clerk_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="quotes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("category", fields.CharField(max_length=32)),
                ("energy_grade", fields.SmallIntField(null=True)),
                ("price_fen", fields.BigIntField()),
                ("subsidy_fen", fields.BigIntField()),
                (
                    "state",
                    fields.CharEnumField(
                        default=QuoteState.OPEN,
                        description="OPEN: open\nUSED: used\nGIVEN_BACK: given_back",
                        enum_type=QuoteState,
                        max_length=12,
                    ),
                ),
                ("quoted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "counter_quote",
                "app": "miniapi",
                "indexes": [Index(fields=["clerk_id", "quoted_at"])],
                "pk_attr": "id",
                "table_description": "What one voucher takes off one item, promised to one clerk until `expires_at`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MissedQuestion",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("words", fields.CharField(max_length=200)),
                ("region", fields.CharField(null=True, max_length=32)),
                (
                    "why",
                    fields.CharEnumField(
                        description="DECLINED: declined\nUNSURE: unsure\nDISLIKED: disliked",
                        enum_type=Miss,
                        max_length=12,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "missed_question",
                "app": "miniapi",
                "indexes": [Index(fields=["at"])],
                "pk_attr": "id",
                "table_description": "The common words of a question that was not answered well; whose it was is not kept.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Presentation",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "voucher",
                    fields.ForeignKeyField(
                        "miniapi.Voucher",
                        source_field="voucher_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="presentations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code", fields.CharField(max_length=8)),
                ("presented_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "presentation",
                "app": "miniapi",
                "indexes": [Index(fields=["voucher_id"]), Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A voucher held out at a counter: a code of eight digits, dead after a minute and after one use.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Redemption",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "quote",
                    fields.ForeignKeyField(
                        "miniapi.CounterQuote",
                        source_field="quote_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="redemptions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "voucher",
                    fields.ForeignKeyField(
                        "miniapi.Voucher",
                        source_field="voucher_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="redemptions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "programme",
                    fields.ForeignKeyField(
                        "miniapi.Programme",
                        source_field="programme_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="redemptions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "miniapi.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="redemptions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "clerk",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="clerk_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="redemptions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("category", fields.CharField(max_length=32)),
                ("energy_grade", fields.SmallIntField(null=True)),
                ("brand", fields.CharField(max_length=50)),
                ("model", fields.CharField(max_length=100)),
                ("serial_number", fields.CharField(max_length=64)),
                ("invoice_number", fields.CharField(max_length=64)),
                ("invoice_fen", fields.BigIntField()),
                ("price_fen", fields.BigIntField()),
                ("subsidy_fen", fields.BigIntField()),
                ("trade_in_declared", fields.BooleanField()),
                ("trade_in_category", fields.CharField(null=True, max_length=32)),
                (
                    "pickup",
                    fields.ForeignKeyField(
                        "miniapi.Pickup",
                        source_field="pickup_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="redemptions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "flags",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=RedemptionState.REDEEMED,
                        description="REDEEMED: redeemed\nSETTLED: settled\nREJECTED: rejected\nREFUNDED: refunded",
                        enum_type=RedemptionState,
                        max_length=12,
                    ),
                ),
                ("owed_fen", fields.BigIntField(default=0)),
                ("redeemed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("rejected_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("refunded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recovered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "redemption",
                "app": "miniapi",
                "indexes": [
                    Index(fields=["merchant_id", "redeemed_at"]),
                    Index(fields=["voucher_id"]),
                    Index(fields=["serial_number"]),
                    Index(fields=["invoice_number"]),
                ],
                "pk_attr": "id",
                "table_description": "One item sold with one voucher: `price_fen` is what the shop and the buyer agreed, subsidy included.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RedemptionEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "redemption",
                    fields.ForeignKeyField(
                        "miniapi.Redemption",
                        source_field="redemption_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="events",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "what",
                    fields.CharEnumField(
                        description="REDEEMED: redeemed\nCORRECTED: corrected\nEXCHANGED: exchanged\nACCEPTED: accepted\nREJECTED: rejected\nSETTLED: settled\nREFUNDED: refunded\nRECOVERED: recovered",
                        enum_type=RedemptionAct,
                        max_length=12,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("subsidy_fen", fields.BigIntField()),
                ("note", fields.CharField(max_length=200)),
            ],
            options={
                "table": "redemption_event",
                "app": "miniapi",
                "indexes": [Index(fields=["redemption_id", "at"])],
                "pk_attr": "id",
                "table_description": "One thing that happened to a redemption, and what the subsidy was after it. Never edited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Registration",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "drop",
                    fields.ForeignKeyField(
                        "miniapi.Drop",
                        source_field="drop_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="registrations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="registrations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "miniapi.Person",
                        source_field="person_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="registrations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("registered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("place", fields.IntField(null=True)),
                ("won", fields.BooleanField(null=True)),
                ("withdrawn_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "registration",
                "app": "miniapi",
                "indexes": [Index(fields=["resident_id", "registered_at"])],
                "pk_attr": "id",
                "table_description": "Somebody who takes part in the draw of a drop; `place` is where the draw put them, from one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Settlement",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "programme",
                    fields.ForeignKeyField(
                        "miniapi.Programme",
                        source_field="programme_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="settlements",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "miniapi.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="settlements",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "miniapi.Staff",
                        source_field="staff_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="settlements",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("amount_fen", fields.BigIntField()),
                ("settled_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "settlement",
                "app": "miniapi",
                "indexes": [Index(fields=["merchant_id", "settled_at"])],
                "pk_attr": "id",
                "table_description": "One payment to one shop for the subsidies it advanced. Never edited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SettlementLine",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "settlement",
                    fields.ForeignKeyField(
                        "miniapi.Settlement",
                        source_field="settlement_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="lines",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "redemption",
                    fields.ForeignKeyField(
                        "miniapi.Redemption",
                        source_field="redemption_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="settlement_lines",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("amount_fen", fields.BigIntField()),
            ],
            options={
                "table": "settlement_line",
                "app": "miniapi",
                "indexes": [Index(fields=["settlement_id"])],
                "pk_attr": "id",
                "table_description": "One redemption of a settlement, and what was paid for it. Never edited.",
            },
            bases=["Model"],
        ),
        ops.RemoveConstraint(
            model_name="Account",
            name="account_known",
            fields=None,
        ),
        ops.AlterModelOptions(
            name="Account",
            options={
                "table": "account",
                "app": "miniapi",
                "constraints": [
                    UniqueConstraint(fields=("book", "name"), name="one_account_per_name"),
                    CheckConstraint(check="balance >= 0", name="never_overdrawn"),
                    CheckConstraint(
                        check="name IN ('fund','province','zone','district','pool','reserved','payable','paid','clawback')",
                        name="account_known",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One account of one book (a programme's code). A source's balance is what it has given.",
            },
        ),
        ops.AlterField(
            model_name="Account",
            name="name",
            field=fields.CharEnumField(
                description="FUND: fund\nPROVINCE: province\nZONE: zone\nDISTRICT: district\nPOOL: pool\nRESERVED: reserved\nPAYABLE: payable\nPAID: paid\nCLAWBACK: clawback",
                enum_type=AccountName,
                max_length=16,
            ),
        ),
        AddConstraints(
            (
                "Account",
                CheckConstraint(
                    check="name IN ('fund','province','zone','district','pool','reserved','payable','paid','clawback')",
                    name="account_known",
                ),
            ),
        ),
        ops.RunSQL(
            "INSERT INTO account (id, book, name, balance)"
            " SELECT gen_random_uuid(), known.book, missing.name, 0"
            " FROM (SELECT DISTINCT book FROM account) known"
            " CROSS JOIN (VALUES ('province'), ('zone'), ('district')) missing (name)"
            " ON CONFLICT DO NOTHING"
        ),
        ops.AddField(
            model_name="AuditEvent",
            name="request",
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddField(
            model_name="Drop",
            name="drawn_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Drop",
            name="draws_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Drop",
            name="entries_digest",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Drop",
            name="mode",
            field=fields.CharEnumField(
                description="FIRST_COME: first_come\nLOTTERY: lottery",
                enum_type=DropMode,
                null=True,
                max_length=12,
            ),
        ),
        ops.RunSQL("UPDATE \"drop\" SET mode = 'first_come'"),
        # the beginning of a key says whose money it moved: only so is it a range of the index
        ops.RunSQL('ALTER TABLE transfer ALTER COLUMN key TYPE varchar(120) COLLATE "C"'),
        ops.AlterField(
            model_name="Drop",
            name="mode",
            field=fields.CharEnumField(
                default=DropMode.FIRST_COME,
                description="FIRST_COME: first_come\nLOTTERY: lottery",
                enum_type=DropMode,
                max_length=12,
            ),
        ),
        ops.AddField(
            model_name="Drop",
            name="seed",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Drop",
            name="seed_commitment",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Drop",
            name="seed_sealed",
            field=fields.TextField(null=True, unique=False),
        ),
        AddConstraints(
            ("Drop", CheckConstraint(check="mode IN ('first_come','lottery')", name="drop_mode_known")),
            (
                "Drop",
                CheckConstraint(
                    check="(mode = 'lottery') = (draws_at IS NOT NULL AND seed_commitment IS NOT NULL AND seed_sealed IS NOT NULL)",
                    name="a_lottery_commits_to_its_seed",
                ),
            ),
            (
                "Drop",
                CheckConstraint(
                    check="draws_at > opens_at AND draws_at < closes_at", name="drawn_while_it_lasts"
                ),
            ),
            (
                "Drop",
                CheckConstraint(
                    check="(seed IS NULL) = (drawn_at IS NULL) AND (seed IS NULL OR entries_digest IS NOT NULL) AND (entries_digest IS NULL OR mode = 'lottery')",
                    name="the_seed_is_told_with_the_draw",
                ),
            ),
            (
                "Drop",
                CheckConstraint(
                    check="seed_commitment ~ '^[0-9a-f]{64}$' AND (seed IS NULL OR seed ~ '^[0-9a-f]{64}$') AND (entries_digest IS NULL OR entries_digest ~ '^[0-9a-f]{64}$')",
                    name="seed_is_hex",
                ),
            ),
        ),
        ops.AlterModelOptions(
            name="Programme",
            options={
                "table": "programme",
                "app": "miniapi",
                "constraints": [
                    UniqueConstraint(fields=("code",), name="one_programme_per_code"),
                    CheckConstraint(check="opens_at < closes_at", name="programme_lasts"),
                    CheckConstraint(check="province_fen >= 0", name="grant_is_a_sum"),
                ],
                "pk_attr": "id",
                "table_description": "One scheme of one region. Its figures come from the policy pack, what the bureau decides stands here.",
            },
        ),
        ops.AddField(
            model_name="Programme",
            name="claims_frozen_because",
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddField(
            model_name="Programme",
            name="opened_because",
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddField(
            model_name="Programme",
            name="province_fen",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Programme",
            name="redemptions_frozen_because",
            field=fields.CharField(null=True, max_length=200),
        ),
        AddConstraints(
            ("Programme", CheckConstraint(check="province_fen >= 0", name="grant_is_a_sum")),
            (
                "CounterQuote",
                UniqueConstraint(
                    fields=("voucher_id",), name="one_open_quote_per_voucher", condition="state = 'open'"
                ),
            ),
            (
                "CounterQuote",
                CheckConstraint(check="state IN ('open','used','given_back')", name="quote_state_known"),
            ),
            (
                "CounterQuote",
                CheckConstraint(
                    check="subsidy_fen > 0 AND subsidy_fen <= price_fen", name="quote_within_the_price"
                ),
            ),
            ("CounterQuote", CheckConstraint(check="energy_grade BETWEEN 1 AND 5", name="quote_grade_known")),
            ("CounterQuote", CheckConstraint(check="expires_at > quoted_at", name="quote_lasts")),
            (
                "MissedQuestion",
                CheckConstraint(check="words ~ '[^ ]' AND words !~ '[0-9]'", name="missed_words_are_words"),
            ),
            (
                "MissedQuestion",
                CheckConstraint(check="why IN ('declined','unsure','disliked')", name="miss_known"),
            ),
            ("Presentation", UniqueConstraint(fields=("code",), name="one_presentation_per_code")),
            (
                "Presentation",
                CheckConstraint(check="code ~ '^[0-9]{8}$'", name="presentation_code_is_eight_digits"),
            ),
            (
                "Presentation",
                CheckConstraint(check="expires_at >= presented_at", name="presentation_ends_after_it_began"),
            ),
            ("Redemption", UniqueConstraint(fields=("quote_id",), name="one_redemption_per_quote")),
            (
                "Redemption",
                UniqueConstraint(
                    fields=("voucher_id",), name="one_redemption_per_voucher", condition="state <> 'refunded'"
                ),
            ),
            (
                "Redemption",
                UniqueConstraint(
                    fields=("serial_number",),
                    name="one_redemption_per_serial",
                    condition="state <> 'refunded'",
                ),
            ),
            (
                "Redemption",
                UniqueConstraint(
                    fields=("invoice_number",),
                    name="one_redemption_per_invoice",
                    condition="state <> 'refunded'",
                ),
            ),
            (
                "Redemption",
                UniqueConstraint(
                    fields=("pickup_id",), name="one_redemption_per_pickup", condition="state <> 'refunded'"
                ),
            ),
            (
                "Redemption",
                CheckConstraint(
                    check="state IN ('redeemed','settled','rejected','refunded')",
                    name="redemption_state_known",
                ),
            ),
            (
                "Redemption",
                CheckConstraint(
                    check="subsidy_fen > 0 AND subsidy_fen <= price_fen", name="subsidy_within_the_price"
                ),
            ),
            ("Redemption", CheckConstraint(check="invoice_fen >= 0", name="invoice_is_a_sum")),
            ("Redemption", CheckConstraint(check="energy_grade BETWEEN 1 AND 5", name="grade_known")),
            (
                "Redemption",
                CheckConstraint(
                    check="(state = 'refunded') = (refunded_at IS NOT NULL) AND (state <> 'settled' OR settled_at IS NOT NULL) AND (state <> 'rejected' OR rejected_at IS NOT NULL) AND (state <> 'redeemed' OR settled_at IS NULL) AND (state NOT IN ('redeemed','settled') OR rejected_at IS NULL)",
                    name="redemption_dated",
                ),
            ),
            (
                "Redemption",
                CheckConstraint(
                    check="owed_fen = CASE WHEN state IN ('rejected','refunded') AND settled_at IS NOT NULL THEN subsidy_fen ELSE 0 END AND (recovered_at IS NULL OR owed_fen > 0)",
                    name="owed_after_settlement_only",
                ),
            ),
            (
                "RedemptionEvent",
                CheckConstraint(
                    check="what IN ('redeemed','corrected','exchanged','accepted','rejected','settled','refunded','recovered')",
                    name="redemption_event_known",
                ),
            ),
            ("RedemptionEvent", CheckConstraint(check="subsidy_fen >= 0", name="redemption_event_is_a_sum")),
            (
                "Registration",
                UniqueConstraint(fields=("drop_id", "person_id"), name="one_registration_per_person"),
            ),
            (
                "Registration",
                UniqueConstraint(fields=("drop_id", "place"), name="one_registration_per_place"),
            ),
            ("Registration", CheckConstraint(check="place > 0", name="place_counts_from_one")),
            (
                "Registration",
                CheckConstraint(
                    check="(won IS NULL) = (place IS NULL) AND (place IS NULL OR withdrawn_at IS NULL) AND (won IS NOT TRUE OR person_id IS NOT NULL)",
                    name="won_with_a_place",
                ),
            ),
            ("Settlement", CheckConstraint(check="amount_fen > 0", name="settlement_pays_something")),
            (
                "SettlementLine",
                UniqueConstraint(fields=("redemption_id",), name="a_redemption_is_settled_once"),
            ),
            ("SettlementLine", CheckConstraint(check="amount_fen > 0", name="line_pays_something")),
        ),
    ]
