from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from miniapi.database.operations import AddConstraints
from miniapi.ids import new_id
from miniapi.pickup.models import OfferState, PickupState

# what was offered without a crew is what a crew of the region's first recycler offers
CREWS = """
    INSERT INTO crew (id, merchant_id, name)
    SELECT gen_random_uuid(), m.id, CASE WHEN m.demo THEN '示例上门一组' ELSE '上门一组' END
    FROM (SELECT DISTINCT ON (region) * FROM merchant WHERE kind = 'recycler' ORDER BY region, id) m
    WHERE m.region IN (SELECT region FROM slot UNION SELECT region FROM slot_pattern)
"""
HOURS = """
    INSERT INTO crew_hours (id, crew_id, district, weekday, begins, ends, capacity)
    SELECT gen_random_uuid(), c.id, p.district, weekday, p.begins, p.ends, p.capacity
    FROM slot_pattern p JOIN merchant m ON m.region = p.region JOIN crew c ON c.merchant_id = m.id
        CROSS JOIN generate_series(0, 6) weekday
"""
SHIFTS = """
    INSERT INTO shift (id, slot_id, crew_id, capacity, taken)
    SELECT gen_random_uuid(), s.id, c.id, s.capacity, 0
    FROM slot s JOIN merchant m ON m.region = s.region JOIN crew c ON c.merchant_id = m.id
"""


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0007_money")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Crew",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "miniapi.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="crews",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=50)),
            ],
            options={
                "table": "crew",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "People of a recycler who come to the door together.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Closure",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("region", fields.CharField(max_length=32)),
                ("district", fields.CharField(null=True, max_length=50)),
                (
                    "crew",
                    fields.ForeignKeyField(
                        "miniapi.Crew",
                        source_field="crew_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="closures",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(max_length=200)),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "miniapi.Staff",
                        source_field="staff_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="closures",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("closed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("moved", fields.IntField(default=0)),
                ("cancelled", fields.IntField(default=0)),
                ("lifted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "closure",
                "app": "miniapi",
                "indexes": [Index(fields=["region", "ends_at"])],
                "pk_attr": "id",
                "table_description": "Nobody comes from `starts_at` until `ends_at`: in a region or one district, no crew or not this one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CrewHours",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "crew",
                    fields.ForeignKeyField(
                        "miniapi.Crew",
                        source_field="crew_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="hours",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("district", fields.CharField(max_length=50)),
                ("weekday", fields.SmallIntField()),
                ("begins", fields.SmallIntField()),
                ("ends", fields.SmallIntField()),
                ("capacity", fields.IntField()),
            ],
            options={
                "table": "crew_hours",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "When a crew serves a district every week: hours of a weekday (0 is Monday), places in each slot.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Hold",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "miniapi.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="holds",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "slot",
                    fields.ForeignKeyField(
                        "miniapi.Slot",
                        source_field="slot_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="holds",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "hold",
                "app": "miniapi",
                "indexes": [Index(fields=["slot_id", "expires_at"]), Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "A place kept for somebody who fills in the form. One a resident; gone when it is booked or too old.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PickupOffer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "pickup",
                    fields.ForeignKeyField(
                        "miniapi.Pickup",
                        source_field="pickup_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="offers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("price_fen", fields.BigIntField()),
                (
                    "state",
                    fields.CharEnumField(
                        default=OfferState.OPEN,
                        description="OPEN: open\nACCEPTED: accepted\nREFUSED: refused\nWITHDRAWN: withdrawn",
                        enum_type=OfferState,
                        max_length=12,
                    ),
                ),
                ("offered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pickup_offer",
                "app": "miniapi",
                "indexes": [Index(fields=["pickup_id", "offered_at"])],
                "pk_attr": "id",
                "table_description": "A price that a crew names at the door, and what its resident says to it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Shift",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "slot",
                    fields.ForeignKeyField(
                        "miniapi.Slot",
                        source_field="slot_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="shifts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "crew",
                    fields.ForeignKeyField(
                        "miniapi.Crew",
                        source_field="crew_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="shifts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("capacity", fields.IntField()),
                ("taken", fields.IntField(default=0)),
            ],
            options={
                "table": "shift",
                "app": "miniapi",
                "pk_attr": "id",
                "table_description": "What one crew can do of a slot; `taken` counts the bookings it has accepted.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="Member",
            options={
                "table": "member",
                "app": "miniapi",
                "constraints": [
                    UniqueConstraint(fields=("resident_id", "merchant_id"), name="one_role_per_merchant"),
                    CheckConstraint(check="role IN ('clerk','crew')", name="role_known"),
                    CheckConstraint(check="crew_id IS NULL OR role = 'crew'", name="only_crews_go_out"),
                ],
                "pk_attr": "id",
                "table_description": "A resident who acts for a merchant; somebody of a recycler goes out with one of its crews.",
            },
        ),
        ops.AddField(
            model_name="Member",
            name="crew",
            field=fields.ForeignKeyField(
                "miniapi.Crew",
                source_field="crew_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="members",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.RemoveConstraint(model_name="Pickup", name="one_booking_per_slot", fields=None),
        ops.RemoveConstraint(model_name="Pickup", name="pickup_state_known", fields=None),
        ops.AlterModelOptions(
            name="Pickup",
            options={
                "table": "pickup",
                "app": "miniapi",
                "constraints": [
                    UniqueConstraint(fields=("number",), name="one_pickup_per_number"),
                    UniqueConstraint(
                        fields=("slot_id", "resident_id"),
                        name="one_booking_per_slot",
                        condition="state IN ('booked','assigned','on_the_way','arrived')",
                    ),
                    CheckConstraint(
                        check="state IN ('booked','assigned','on_the_way','arrived','collected','received','dismantled','cancelled','missed_by_resident','missed_by_crew','disputed')",
                        name="pickup_state_known",
                    ),
                    CheckConstraint(
                        check="jsonb_array_length(items) BETWEEN 1 AND 10", name="pickup_has_items"
                    ),
                    CheckConstraint(
                        check="CASE WHEN state = 'booked' THEN crew_id IS NULL WHEN state IN ('cancelled','missed_by_crew') THEN true ELSE crew_id IS NOT NULL END",
                        name="pickup_has_its_crew",
                    ),
                    CheckConstraint(
                        check="state NOT IN ('collected','received','dismantled') OR (weight_grams IS NOT NULL AND price_fen IS NOT NULL)",
                        name="pickup_weighed_and_paid",
                    ),
                    CheckConstraint(
                        check="agreed_fen >= 0 AND price_fen >= 0 AND weight_grams > 0",
                        name="pickup_is_worth_a_sum",
                    ),
                    CheckConstraint(check="changes >= 0 AND wrong_codes >= 0", name="pickup_counts"),
                ],
                "indexes": [
                    Index(fields=["resident_id", "booked_at"]),
                    Index(fields=["slot_id", "state"]),
                    Index(fields=["crew_id", "state"]),
                ],
                "pk_attr": "id",
                "table_description": "A booking. Street, contact and words are encrypted; the district is what crews are planned by.",
            },
        ),
        ops.AlterField(
            model_name="Pickup",
            name="state",
            field=fields.CharEnumField(
                default=PickupState.BOOKED,
                description="BOOKED: booked\nASSIGNED: assigned\nON_THE_WAY: on_the_way\nARRIVED: arrived\nCOLLECTED: collected\nRECEIVED: received\nDISMANTLED: dismantled\nCANCELLED: cancelled\nMISSED_BY_RESIDENT: missed_by_resident\nMISSED_BY_CREW: missed_by_crew\nDISPUTED: disputed",
                enum_type=PickupState,
                max_length=20,
            ),
        ),
        ops.AddField(model_name="Pickup", name="agreed_fen", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="Pickup", name="call_first", field=fields.BooleanField(default=False)),
        ops.AddField(model_name="Pickup", name="changes", field=fields.SmallIntField(default=0)),
        ops.AddField(
            model_name="Pickup",
            name="crew",
            field=fields.ForeignKeyField(
                "miniapi.Crew",
                source_field="crew_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="pickups",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(model_name="Pickup", name="floor", field=fields.SmallIntField(null=True)),
        ops.AddField(model_name="Pickup", name="lift", field=fields.BooleanField(null=True)),
        ops.AddField(model_name="Pickup", name="price_fen", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="Pickup", name="weight_grams", field=fields.IntField(null=True)),
        ops.AddField(
            model_name="Pickup", name="words_sealed", field=fields.TextField(null=True, unique=False)
        ),
        ops.AddField(model_name="Pickup", name="wrong_codes", field=fields.SmallIntField(default=0)),
        ops.AddIndex(model_name="Pickup", index=Index(fields=["slot_id", "state"])),
        ops.AddIndex(model_name="Pickup", index=Index(fields=["crew_id", "state"])),
        ops.RemoveConstraint(model_name="PickupEvent", name="pickup_event_known", fields=None),
        ops.AlterModelOptions(
            name="PickupEvent",
            options={
                "table": "pickup_event",
                "app": "miniapi",
                "constraints": [
                    UniqueConstraint(fields=("action",), name="one_event_per_action"),
                    CheckConstraint(
                        check="what IN ('booked','accepted','given_back','set_out','arrived','offered','agreed','collected','received','dismantled','rescheduled','cancelled','missed_resident','missed_crew','disputed','resolved')",
                        name="pickup_event_known",
                    ),
                    CheckConstraint(
                        check="actor IN ('resident','crew','station','dismantler','staff','system')",
                        name="pickup_actor_known",
                    ),
                    CheckConstraint(check="done_at <= at", name="pickup_done_before_heard"),
                ],
                "indexes": [Index(fields=["pickup_id", "at"])],
                "pk_attr": "id",
                "table_description": "One thing that happened to a booking: who, why, when the phone says, when we heard. Never edited.",
            },
        ),
        ops.AddField(model_name="PickupEvent", name="action", field=fields.UUIDField(null=True)),
        ops.AddField(
            model_name="PickupEvent", name="actor", field=fields.CharField(null=True, max_length=12)
        ),
        ops.AddField(
            model_name="PickupEvent",
            name="crew",
            field=fields.ForeignKeyField(
                "miniapi.Crew",
                source_field="crew_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="events",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="PickupEvent",
            name="done_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="PickupEvent", name="reason_sealed", field=fields.TextField(null=True, unique=False)
        ),
        ops.AlterModelOptions(
            name="Slot",
            options={
                "table": "slot",
                "app": "miniapi",
                "constraints": [
                    UniqueConstraint(fields=("region", "district", "starts_at"), name="one_slot_per_time"),
                    CheckConstraint(check="starts_at < ends_at", name="slot_lasts"),
                    CheckConstraint(check="taken BETWEEN 0 AND capacity", name="never_double_booked"),
                ],
                "pk_attr": "id",
                "table_description": "A time in a district with the places of all its shifts; `taken` counts bookings and holds in it.",
            },
        ),
        ops.RunSQL(CREWS),
        ops.RunSQL(HOURS),
        ops.RunSQL(SHIFTS),
        ops.DeleteModel(name="SlotPattern"),
        AddConstraints(
            ("Member", CheckConstraint(check="crew_id IS NULL OR role = 'crew'", name="only_crews_go_out")),
            (
                "Pickup",
                UniqueConstraint(
                    fields=("slot_id", "resident_id"),
                    name="one_booking_per_slot",
                    condition="state IN ('booked','assigned','on_the_way','arrived')",
                ),
            ),
            (
                "Pickup",
                CheckConstraint(
                    check="state IN ('booked','assigned','on_the_way','arrived','collected','received','dismantled','cancelled','missed_by_resident','missed_by_crew','disputed')",
                    name="pickup_state_known",
                ),
            ),
            (
                "Pickup",
                CheckConstraint(
                    check="CASE WHEN state = 'booked' THEN crew_id IS NULL WHEN state IN ('cancelled','missed_by_crew') THEN true ELSE crew_id IS NOT NULL END",
                    name="pickup_has_its_crew",
                ),
            ),
            (
                "Pickup",
                CheckConstraint(
                    check="state NOT IN ('collected','received','dismantled') OR (weight_grams IS NOT NULL AND price_fen IS NOT NULL)",
                    name="pickup_weighed_and_paid",
                ),
            ),
            (
                "Pickup",
                CheckConstraint(
                    check="agreed_fen >= 0 AND price_fen >= 0 AND weight_grams > 0",
                    name="pickup_is_worth_a_sum",
                ),
            ),
            ("Pickup", CheckConstraint(check="changes >= 0 AND wrong_codes >= 0", name="pickup_counts")),
            ("PickupEvent", UniqueConstraint(fields=("action",), name="one_event_per_action")),
            (
                "PickupEvent",
                CheckConstraint(
                    check="what IN ('booked','accepted','given_back','set_out','arrived','offered','agreed','collected','received','dismantled','rescheduled','cancelled','missed_resident','missed_crew','disputed','resolved')",
                    name="pickup_event_known",
                ),
            ),
            (
                "PickupEvent",
                CheckConstraint(
                    check="actor IN ('resident','crew','station','dismantler','staff','system')",
                    name="pickup_actor_known",
                ),
            ),
            ("PickupEvent", CheckConstraint(check="done_at <= at", name="pickup_done_before_heard")),
            ("Crew", UniqueConstraint(fields=("merchant_id", "name"), name="one_crew_per_name")),
            ("Closure", CheckConstraint(check="starts_at < ends_at", name="closure_lasts")),
            ("Closure", CheckConstraint(check="moved >= 0 AND cancelled >= 0", name="closure_counts")),
            (
                "CrewHours",
                UniqueConstraint(
                    fields=("crew_id", "district", "weekday", "begins"), name="one_beginning_a_day"
                ),
            ),
            ("CrewHours", CheckConstraint(check="weekday BETWEEN 0 AND 6", name="hours_on_a_weekday")),
            (
                "CrewHours",
                CheckConstraint(
                    check="0 <= begins AND begins < ends AND ends <= 24", name="hours_within_a_day"
                ),
            ),
            ("CrewHours", CheckConstraint(check="capacity > 0", name="hours_have_places")),
            ("Hold", UniqueConstraint(fields=("resident_id",), name="one_hold_per_resident")),
            (
                "PickupOffer",
                UniqueConstraint(
                    fields=("pickup_id",), name="one_open_offer_per_pickup", condition="state = 'open'"
                ),
            ),
            (
                "PickupOffer",
                CheckConstraint(
                    check="state IN ('open','accepted','refused','withdrawn')", name="offer_state_known"
                ),
            ),
            (
                "PickupOffer",
                CheckConstraint(check="(answered_at IS NULL) = (state = 'open')", name="offer_answered_once"),
            ),
            ("PickupOffer", CheckConstraint(check="price_fen >= 0", name="offer_is_a_sum")),
            ("Shift", UniqueConstraint(fields=("slot_id", "crew_id"), name="one_shift_per_crew")),
            ("Shift", CheckConstraint(check="taken BETWEEN 0 AND capacity", name="never_overworked")),
        ),
    ]
