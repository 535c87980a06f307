"""What people do about the data kept of them: consenting, and leaving."""

from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from miniapi.accounts import actions as accounts
from miniapi.accounts.actions import held
from miniapi.audit.actions import Event, record_all
from miniapi.chat import actions as chat
from miniapi.chat import pushes
from miniapi.drops import lottery
from miniapi.http.idempotency import erase_answers
from miniapi.merchants.actions import end_memberships
from miniapi.pickup import actions as pickup
from miniapi.pickup import photos
from miniapi.privacy.errors import VersionOutdated
from miniapi.privacy.models import Consent
from miniapi.privacy.notice import PrivacyNotices
from miniapi.reminders import actions as reminders
from miniapi.tickets import actions as tickets
from miniapi.vouchers import ending


async def consent(resident_id: UUID, version: str, notices: PrivacyNotices, *, at: datetime) -> Consent:
    """Keep that somebody agreed to the notice as it is now; again, the first time counts.

    Raises VersionOutdated for any other version.
    """
    current = notices.current(at).version
    if version != current:
        raise VersionOutdated(current=current)
    async with in_transaction():
        await held(resident_id)
        given = Consent(resident_id=resident_id, version=version, at=at)
        await Consent.bulk_create([given], ignore_conflicts=True)
        return await Consent.get(resident_id=resident_id, version=version)


async def leave(resident_id: UUID, *, at: datetime) -> None:
    """Close an account for good: nothing stays issued, booked or owed, and nothing of the person is left.

    Used vouchers, the books, the audit log and consents stay; so does the fingerprint they hang on, so
    that caps hold for somebody who comes back. Raises NotSignedIn when they have left already.
    """
    async with in_transaction():
        resident = await held(resident_id)
        gone = {
            "photos": await photos.erase_all(resident_id),
            "pickups_cancelled": await pickup.erase_all(resident_id, at=at),
            "tickets_closed": await tickets.erase_all(resident_id, at=at),
            "notices": await reminders.erase_all(resident_id),
            "conversations": await chat.erase_all(resident_id),
            "pushes": await pushes.erase_all(resident_id),
            "memberships": await end_memberships(resident_id),
            "registrations": await lottery.forget_all(resident_id),
        }
        verified, phone = resident.person_id is not None, resident.phone_sealed is not None
        await erase_answers(resident_id)
        ended = await ending.end_all(resident_id, at=at)  # late: everybody claims from the pool
        await accounts.leave(resident, at=at)
        gone["notices"] += await reminders.erase_all(resident_id)  # owed by a crew's other bookings meanwhile
        left = Event(
            f"resident:{resident_id}",
            "resident.left",
            f"resident:{resident_id}",
            before={"verified": verified, "phone": phone, **gone, "vouchers_void": ended.voided},
            after={"left": True},
        )
        await record_all([*ended.events, left], at=ended.at)
