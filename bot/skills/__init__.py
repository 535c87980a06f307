"""Everything the bot can do, in the order in which a message is held against it."""

from bot.skills import (
    book_pickup,
    change_pickup,
    claim,
    drops,
    estimate,
    limits,
    people,
    places,
    quote,
    reminder,
    smalltalk,
    wallet,
)

SKILLS = (
    smalltalk.skill,
    reminder.reminder_cancel,
    reminder.reminder,
    people.human,
    people.complaint,
    change_pickup.cancel_booking,
    change_pickup.reschedule,
    change_pickup.booking_status,
    limits.family,
    limits.fund,
    quote.skill,
    drops.validity_skill,
    limits.window,
    wallet.skill,
    claim.skill,
    drops.skill,
    estimate.skill,
    places.points_skill,
    places.shops_skill,
    book_pickup.skill,
)
