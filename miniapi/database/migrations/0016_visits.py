from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from miniapi.database.operations import AddConstraints, Make

# what is still to come, among all that ever was: the clock looks through it every minute
TO_COME = """
    CREATE INDEX pickup_to_come ON pickup (slot_id)
    WHERE state IN ('booked', 'assigned', 'on_the_way', 'arrived')
"""


class Migration(migrations.Migration):
    dependencies = [("miniapi", "0015_audit_head")]

    initial = False

    operations = [
        Make("pickup_to_come", TO_COME, "DROP INDEX pickup_to_come"),
        ops.AddIndex(model_name="Member", index=Index(fields=["crew_id"])),
        ops.AddIndex(model_name="Handover", index=Index(fields=["at", "id"])),
        ops.RemoveConstraint(model_name="PickupEvent", name="pickup_event_known", fields=None),
        AddConstraints(
            (
                "PickupEvent",
                CheckConstraint(
                    check="what IN ('booked','accepted','given_back','set_out','arrived','offered','agreed',"
                    "'collected','received','dismantled','rescheduled','cancelled','missed_resident',"
                    "'missed_crew','disputed','resolved','wrong_code')",
                    name="pickup_event_known",
                ),
            ),
        ),
    ]
