"""Decisions about staff accounts: which roles go together, which passwords do, which code is right."""

import re
from collections.abc import Collection
from hmac import compare_digest

import pyotp

from miniapi.staff.models import StaffRole

MOST_FAILURES = 5  # in a row; then the account is locked
FAILURES_TO_LOG = 3  # slips of the hand; what comes after them is written down
LOCKED_MINUTES = 15
SIGNED_IN_HOURS = 12
REMEMBER_SESSIONS_DAYS = 7  # after their end
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128  # characters
STEP = 30  # seconds that a code of the authenticator holds (RFC 6238)
STEPS_BESIDE = (0, -1, 1)  # a phone's time is not exact, and typing takes a moment
USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")


def conflict(roles: Collection[StaffRole]) -> str | None:
    """Why these roles may not be one person's, or None."""
    if {StaffRole.REVIEWER, StaffRole.FINANCE} <= set(roles):
        return "审核（reviewer）的人不付款（finance）"
    if StaffRole.AUDITOR in roles and len(set(roles)) > 1:
        return "查账（auditor）的人不办别的事"
    return None


def is_username(name: str) -> bool:
    """Whether an account may be called so."""
    return USERNAME.fullmatch(name) is not None


def is_fit(password: str, username: str) -> bool:
    """Whether a password is long enough and not merely the name."""
    within = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD
    return within and username.lower() not in password.lower()


def step_of(secret: str, code: str, moment: float, last: int | None) -> int | None:
    """The step whose code this is, at a moment in seconds since 1970; None if it is none or was used.

    Only steps after the last one that was used count, so that a code seen over a shoulder is worthless.
    """
    now = int(moment) // STEP
    totp = pyotp.TOTP(secret, interval=STEP)
    fresh = [now + beside for beside in STEPS_BESIDE if last is None or now + beside > last]
    return next((step for step in fresh if compare_digest(totp.generate_otp(step), code)), None)
