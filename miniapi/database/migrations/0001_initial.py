import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id
from miniapi.ledger.models import AccountName
from miniapi.merchants.models import MerchantKind, Role
from miniapi.pickup.models import PickupState
from miniapi.reminders.models import NoticeState
from miniapi.vouchers.models import VoucherState


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.RunSQL(
            """
            CREATE TABLE clock (
                id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
                shift interval NOT NULL DEFAULT '0',
                started boolean NOT NULL DEFAULT false
            );
            COMMENT ON TABLE clock IS 'The business clock: the server''s time plus one offset. One row.';
            INSERT INTO clock DEFAULT VALUES;
            """,
            reverse_sql="DROP TABLE clock",
        ),
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("book", fields.CharField(max_length=64)),
                (
                    "name",
                    fields.CharEnumField(
                        description="FUND: fund\nPOOL: pool\nRESERVED: reserved\nPAYABLE: payable\nPAID: paid\nCLAWBACK: clawback",
                        enum_type=AccountName,
                        max_length=16,
                    ),
                ),
                ("balance", fields.BigIntField(default=0)),
            ],
            options={
                "table": "account",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "One account of one book (a programme's code). The fund's balance is what it has given.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="KeptAnswer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("caller", fields.UUIDField()),
                ("route", fields.CharField(max_length=100)),
                ("key", fields.CharField(max_length=64)),
                ("body_hash", fields.CharField(max_length=64)),
                ("lease", fields.UUIDField()),
                ("lease_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("status", fields.SmallIntField(null=True)),
                ("answer", fields.TextField(null=True, unique=False)),
                ("kept_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "kept_answer",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "One key of one caller on one route: running while `status` is null, answered after.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Merchant",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("region", fields.CharField(max_length=32)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="SELLER: seller\nRECYCLER: recycler",
                        enum_type=MerchantKind,
                        max_length=16,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("address", fields.CharField(max_length=200)),
                ("phone", fields.CharField(null=True, max_length=20)),
                ("demo", fields.BooleanField(default=False)),
            ],
            options={
                "table": "merchant",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "An approved enterprise on the public list.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Person",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("fingerprint", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "person",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "A verified identity: all that stays of an ID number is a keyed fingerprint.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Point",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("region", fields.CharField(max_length=32)),
                ("name", fields.CharField(max_length=100)),
                ("address", fields.CharField(max_length=200)),
                ("lat", fields.FloatField()),
                ("lon", fields.FloatField()),
                ("demo", fields.BooleanField(default=False)),
            ],
            options={
                "table": "point",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "A place where old appliances are taken in. Positions are degrees, WGS 84.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Programme",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=64)),
                ("region", fields.CharField(max_length=32)),
                ("name", fields.CharField(max_length=100)),
                ("opens_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("demo", fields.BooleanField(default=False)),
            ],
            options={
                "table": "programme",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "One scheme of one region. Its figures come from the policy pack, its window stands here.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Drop",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "programme",
                    fields.ForeignKeyField(
                        "miniapi.Programme",
                        source_field="programme_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="drops",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("opens_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("quota", fields.IntField()),
                ("issued", fields.IntField(default=0)),
                ("frozen_because", fields.CharField(null=True, max_length=200)),
                ("announced_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "drop",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "One drop. Every voucher of it is valid until `valid_until`, whenever it was claimed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Resident",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("openid", fields.CharField(null=True, max_length=64)),
                ("region", fields.CharField(null=True, max_length=32)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "miniapi.Person",
                        source_field="person_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="residents",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name_sealed", fields.TextField(null=True, unique=False)),
                ("id_number_sealed", fields.TextField(null=True, unique=False)),
                ("phone_sealed", fields.TextField(null=True, unique=False)),
                ("phone_verified", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("left_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "resident",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "An account of the mini-program. `…_sealed` columns are encrypted and opened with `Keys`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Conversation",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=64)),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="owner_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="conversations",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("memory_sealed", fields.TextField(unique=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "conversation",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "One conversation of one caller; without an owner it belongs to whoever knows its name.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ChatMessage",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "conversation",
                    fields.ForeignKeyField(
                        "miniapi.Conversation",
                        source_field="conversation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="messages",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("text_sealed", fields.TextField(unique=False)),
                ("reply_sealed", fields.TextField(unique=False)),
                ("intent", fields.CharField(max_length=32)),
                ("confidence", fields.FloatField()),
                ("helpful", fields.BooleanField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "chat_message",
                "app": "miniapi",
                "indexes": [Index(fields=["conversation_id", "at"])],
                "pk_attr": "id",
                "table_description": "One message and its reply.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Grant",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="grants",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kind", fields.CharField(max_length=32)),
                ("remaining", fields.IntField()),
            ],
            options={
                "table": "grant_count",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "How many messages of one kind a person allows: one accept, one message.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Member",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="memberships",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "miniapi.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="members",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "role",
                    fields.CharEnumField(
                        description="CLERK: clerk\nCREW: crew", enum_type=Role, max_length=16
                    ),
                ),
            ],
            options={
                "table": "member",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "A resident who acts for a merchant.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Notice",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="notices",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kind", fields.CharField(max_length=32)),
                ("subject", fields.UUIDField()),
                ("dedupe_key", fields.CharField(max_length=120)),
                ("asked_for", fields.BooleanField()),
                ("about", fields.CharField(max_length=200)),
                (
                    "fields_json",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("too_late_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "state",
                    fields.CharEnumField(
                        default=NoticeState.OWED,
                        description="OWED: owed\nSENDING: sending\nSENT: sent\nINBOX: inbox\nCANCELLED: cancelled",
                        enum_type=NoticeState,
                        max_length=12,
                    ),
                ),
                ("attempts", fields.SmallIntField(default=0)),
                ("lease_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("outcome", fields.CharField(null=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "notice",
                "app": "miniapi",
                "indexes": [Index(fields=["state", "due_at"]), Index(fields=["resident_id", "created_at"])],
                "pk_attr": "id",
                "table_description": "One thing to tell one person at one time; written in the transaction that causes it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SeenPush",
            fields=[
                (
                    "dedupe_key",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=200),
                ),
                ("seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "seen_push",
                "app": "miniapi",
                "pk_attr": "dedupe_key",
                "table_description": "A push from WeChat that was taken in; the same one comes up to three times.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("token_hash", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "session",
                "app": "miniapi",
                "indexes": [Index(fields=["resident_id"])],
                "pk_attr": "id",
                "table_description": "A signed-in device. Only the hash of its token is kept.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Slot",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("region", fields.CharField(max_length=32)),
                ("district", fields.CharField(max_length=50)),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("capacity", fields.IntField()),
                ("taken", fields.IntField(default=0)),
            ],
            options={
                "table": "slot",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "A time in a district with a number of places; `taken` counts the bookings in it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Pickup",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("number", fields.CharField(max_length=16)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="pickups",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "slot",
                    fields.ForeignKeyField(
                        "miniapi.Slot",
                        source_field="slot_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="pickups",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=PickupState.BOOKED,
                        description="BOOKED: booked\nCANCELLED: cancelled",
                        enum_type=PickupState,
                        max_length=12,
                    ),
                ),
                (
                    "items",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("district", fields.CharField(max_length=50)),
                ("street_sealed", fields.TextField(null=True, unique=False)),
                ("contact_sealed", fields.TextField(null=True, unique=False)),
                ("booked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pickup",
                "app": "miniapi",
                "indexes": [Index(fields=["resident_id", "booked_at"])],
                "pk_attr": "id",
                "table_description": "A booking. Street and contact are encrypted; the district is what crews are planned by.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PickupEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "pickup",
                    fields.ForeignKeyField(
                        "miniapi.Pickup",
                        source_field="pickup_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="events",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("what", fields.CharField(max_length=16)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "pickup_event",
                "app": "miniapi",
                "indexes": [Index(fields=["pickup_id", "at"])],
                "pk_attr": "id",
                "table_description": "One thing that happened to a booking. Never edited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SlotPattern",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("region", fields.CharField(max_length=32)),
                ("district", fields.CharField(max_length=50)),
                ("begins", fields.SmallIntField()),
                ("ends", fields.SmallIntField()),
                ("capacity", fields.IntField()),
                ("demo", fields.BooleanField(default=False)),
            ],
            options={
                "table": "slot_pattern",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "What a district offers every day: slots are laid out from it two weeks ahead.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Transfer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("key", fields.CharField(max_length=120)),
                ("reason", fields.CharField(max_length=64)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "transfer",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "Money moved once from one account to another, with the reason and the key that moved it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Entry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "transfer",
                    fields.ForeignKeyField(
                        "miniapi.Transfer",
                        source_field="transfer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="entries",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "miniapi.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="entries",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("amount", fields.BigIntField()),
            ],
            options={
                "table": "entry",
                "app": "miniapi",
                "indexes": [Index(fields=["account_id"])],
                "pk_attr": "id",
                "table_description": "One side of a transfer: negative leaves the account, positive comes in. Never edited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Voucher",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=16)),
                (
                    "drop",
                    fields.ForeignKeyField(
                        "miniapi.Drop",
                        source_field="drop_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="vouchers",
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
                        related_name="vouchers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "miniapi.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="vouchers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("region", fields.CharField(max_length=32)),
                ("rank", fields.IntField()),
                (
                    "state",
                    fields.CharEnumField(
                        default=VoucherState.ISSUED,
                        description="ISSUED: issued\nREDEEMED: redeemed\nEXPIRED: expired\nVOID: void",
                        enum_type=VoucherState,
                        max_length=12,
                    ),
                ),
                ("max_fen", fields.BigIntField()),
                ("reserved_fen", fields.BigIntField()),
                ("subsidy_fen", fields.BigIntField(default=0)),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "voucher",
                "app": "miniapi",
                "indexes": [
                    Index(fields=["resident_id", "issued_at"]),
                    Index(fields=["person_id", "state"]),
                    Index(fields=["state", "valid_until"]),
                ],
                "pk_attr": "id",
                "table_description": "A promise of up to `max_fen` off one item. While it is issued its reserve is set aside.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="VoucherEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "voucher",
                    fields.ForeignKeyField(
                        "miniapi.Voucher",
                        source_field="voucher_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="events",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="ISSUED: issued\nREDEEMED: redeemed\nEXPIRED: expired\nVOID: void",
                        enum_type=VoucherState,
                        max_length=12,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("note", fields.CharField(max_length=200)),
            ],
            options={
                "table": "voucher_event",
                "app": "miniapi",
                "indexes": [Index(fields=["voucher_id", "at"])],
                "pk_attr": "id",
                "table_description": "One thing that happened to a voucher. Never edited.",
            },
            bases=["Model"],
        ),
        AddConstraints(
            ("Account", UniqueConstraint(fields=("book", "name"), name="one_account_per_name")),
            ("Account", CheckConstraint(check="balance >= 0", name="never_overdrawn")),
            (
                "Account",
                CheckConstraint(
                    check="name IN ('fund','pool','reserved','payable','paid','clawback')",
                    name="account_known",
                ),
            ),
            ("KeptAnswer", UniqueConstraint(fields=("caller", "route", "key"), name="one_answer_per_key")),
            (
                "KeptAnswer",
                CheckConstraint(check="(status IS NULL) = (answer IS NULL)", name="answered_whole"),
            ),
            ("KeptAnswer", CheckConstraint(check="status BETWEEN 200 AND 299", name="only_success_is_kept")),
            ("Merchant", UniqueConstraint(fields=("region", "kind", "name"), name="one_merchant_per_name")),
            ("Merchant", CheckConstraint(check="kind IN ('seller','recycler')", name="merchant_kind_known")),
            ("Person", UniqueConstraint(fields=("fingerprint",), name="one_person_per_fingerprint")),
            ("Person", CheckConstraint(check="fingerprint ~ '^[0-9a-f]{64}$'", name="fingerprint_is_hex")),
            ("Point", UniqueConstraint(fields=("region", "name"), name="one_point_per_name")),
            (
                "Point",
                CheckConstraint(
                    check="lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="point_on_earth"
                ),
            ),
            ("Programme", UniqueConstraint(fields=("code",), name="one_programme_per_code")),
            ("Programme", CheckConstraint(check="opens_at < closes_at", name="programme_lasts")),
            ("Drop", UniqueConstraint(fields=("programme_id", "opens_at"), name="one_drop_per_time")),
            ("Drop", CheckConstraint(check="quota > 0", name="drop_has_a_quota")),
            ("Drop", CheckConstraint(check="issued BETWEEN 0 AND quota", name="never_more_than_the_quota")),
            ("Drop", CheckConstraint(check="opens_at < closes_at", name="drop_lasts")),
            ("Drop", CheckConstraint(check="valid_until > opens_at", name="voucher_has_a_validity")),
            ("Resident", UniqueConstraint(fields=("openid",), name="one_resident_per_openid")),
            ("Resident", UniqueConstraint(fields=("person_id",), name="one_resident_per_person")),
            (
                "Resident",
                CheckConstraint(
                    check="(openid IS NULL) = (left_at IS NOT NULL)", name="here_with_openid_or_left"
                ),
            ),
            (
                "Resident",
                CheckConstraint(
                    check="(person_id IS NOT NULL) = (name_sealed IS NOT NULL AND id_number_sealed IS NOT NULL)",
                    name="verified_with_name_and_number",
                ),
            ),
            (
                "Resident",
                CheckConstraint(
                    check="left_at IS NULL OR (phone_sealed IS NULL AND name_sealed IS NULL)",
                    name="nothing_left_behind",
                ),
            ),
            (
                "Conversation",
                UniqueConstraint(fields=("name", "owner_id"), name="one_conversation_per_owner"),
            ),
            (
                "Conversation",
                UniqueConstraint(
                    fields=("name",), name="one_nameless_conversation", condition="owner_id IS NULL"
                ),
            ),
            (
                "Conversation",
                CheckConstraint(check="name ~ '^[A-Za-z0-9_-]{8,64}$'", name="conversation_name_plain"),
            ),
            (
                "ChatMessage",
                CheckConstraint(check="confidence BETWEEN 0 AND 1", name="confidence_is_a_share"),
            ),
            ("Grant", UniqueConstraint(fields=("resident_id", "kind"), name="one_count_per_kind")),
            ("Grant", CheckConstraint(check="remaining >= 0", name="grants_not_overdrawn")),
            ("Member", UniqueConstraint(fields=("resident_id", "merchant_id"), name="one_role_per_merchant")),
            ("Member", CheckConstraint(check="role IN ('clerk','crew')", name="role_known")),
            ("Notice", UniqueConstraint(fields=("dedupe_key",), name="one_notice_per_key")),
            (
                "Notice",
                CheckConstraint(
                    check="state IN ('owed','sending','sent','inbox','cancelled')", name="notice_state_known"
                ),
            ),
            (
                "Notice",
                CheckConstraint(
                    check="(done_at IS NOT NULL) = (state IN ('sent','inbox','cancelled'))",
                    name="notice_done_once",
                ),
            ),
            (
                "Notice",
                CheckConstraint(
                    check="(lease_until IS NOT NULL) = (state = 'sending')", name="leased_while_sending"
                ),
            ),
            ("Notice", CheckConstraint(check="too_late_at > due_at", name="notice_has_a_time")),
            ("Session", UniqueConstraint(fields=("token_hash",), name="one_session_per_token")),
            ("Session", CheckConstraint(check="expires_at > created_at", name="session_lasts")),
            ("Slot", UniqueConstraint(fields=("region", "district", "starts_at"), name="one_slot_per_time")),
            ("Slot", CheckConstraint(check="starts_at < ends_at", name="slot_lasts")),
            ("Slot", CheckConstraint(check="taken BETWEEN 0 AND capacity", name="never_double_booked")),
            ("Pickup", UniqueConstraint(fields=("number",), name="one_pickup_per_number")),
            (
                "Pickup",
                UniqueConstraint(
                    fields=("slot_id", "resident_id"),
                    name="one_booking_per_slot",
                    condition="state = 'booked'",
                ),
            ),
            ("Pickup", CheckConstraint(check="state IN ('booked','cancelled')", name="pickup_state_known")),
            (
                "Pickup",
                CheckConstraint(check="jsonb_array_length(items) BETWEEN 1 AND 10", name="pickup_has_items"),
            ),
            (
                "PickupEvent",
                CheckConstraint(
                    check="what IN ('booked','rescheduled','cancelled')", name="pickup_event_known"
                ),
            ),
            (
                "SlotPattern",
                UniqueConstraint(fields=("region", "district", "begins"), name="one_pattern_per_hour"),
            ),
            (
                "SlotPattern",
                CheckConstraint(
                    check="0 <= begins AND begins < ends AND ends <= 24", name="pattern_within_a_day"
                ),
            ),
            ("SlotPattern", CheckConstraint(check="capacity > 0", name="pattern_has_places")),
            ("Transfer", UniqueConstraint(fields=("key",), name="a_key_moves_money_once")),
            ("Entry", UniqueConstraint(fields=("transfer_id", "account_id"), name="one_entry_per_side")),
            ("Entry", CheckConstraint(check="amount <> 0", name="entry_moves_something")),
            ("Voucher", UniqueConstraint(fields=("code",), name="one_voucher_per_code")),
            ("Voucher", UniqueConstraint(fields=("drop_id", "person_id"), name="one_voucher_per_person")),
            ("Voucher", UniqueConstraint(fields=("drop_id", "rank"), name="one_voucher_per_rank")),
            (
                "Voucher",
                CheckConstraint(
                    check="state IN ('issued','redeemed','expired','void')", name="voucher_state_known"
                ),
            ),
            ("Voucher", CheckConstraint(check="max_fen > 0", name="voucher_is_worth_something")),
            ("Voucher", CheckConstraint(check="rank > 0", name="rank_counts_from_one")),
            (
                "Voucher",
                CheckConstraint(
                    check="(state = 'issued') = (reserved_fen > 0) AND reserved_fen BETWEEN 0 AND max_fen",
                    name="issued_holds_its_reserve",
                ),
            ),
            (
                "Voucher",
                CheckConstraint(
                    check="subsidy_fen BETWEEN 0 AND max_fen AND (state = 'redeemed') = (subsidy_fen > 0)",
                    name="redeemed_within_its_worth",
                ),
            ),
            ("Voucher", CheckConstraint(check="valid_until > issued_at", name="voucher_lasts")),
            (
                "VoucherEvent",
                CheckConstraint(
                    check="state IN ('issued','redeemed','expired','void')", name="voucher_event_state_known"
                ),
            ),
        ),
    ]
