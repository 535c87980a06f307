"""The JSON of the privacy notice, of consents and of who one is."""

import json
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from miniapi.accounts.models import Resident
from miniapi.accounts.schemas import ResidentJson, resident_json
from miniapi.audit.models import AuditEvent
from miniapi.http.answers import Time, written
from miniapi.http.requests import Body
from miniapi.keys import Keys
from miniapi.merchants.models import Role
from miniapi.privacy.models import Consent
from miniapi.privacy.notice import PrivacyNotice


class GiveConsent(Body):
    """Which version of the notice was read."""

    version: Annotated[str, Field(min_length=1, max_length=16)]


class SectionJson(TypedDict):
    """One thing the notice tells."""

    heading: str
    text: str


class PrivacyNoticeJson(TypedDict):
    """The notice that holds now; `consented` only to somebody who is signed in."""

    version: str
    effective_at: Time
    title: str
    sections: list[SectionJson]
    consented: NotRequired[bool]


class ConsentJson(TypedDict):
    """Which version somebody agreed to, and when."""

    version: str
    at: Time


class MeJson(ResidentJson):
    """The account and what its owner may act as; `consent_current`: to the notice that holds now."""

    roles: list[Role]
    consent: ConsentJson | None
    consent_current: bool


class AccessJson(TypedDict):
    """Something the staff did with one's data: which desk, when, what, which fields, and why."""

    at: Time
    role: str
    what: str
    fields: list[str]
    reason: str | None


class ExportJson(TypedDict):
    """Everything kept about one person, in the clear for its owner."""

    exported_at: Time
    account: dict[str, Any]
    consents: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    wechat_keys: list[dict[str, Any]]
    memberships: list[dict[str, Any]]
    vouchers: list[dict[str, Any]]
    registrations: list[dict[str, Any]]
    presentations: list[dict[str, Any]]
    quotes: list[dict[str, Any]]
    purchases: list[dict[str, Any]]
    quotes_made: list[dict[str, Any]]
    sales: list[dict[str, Any]]
    pickups: list[dict[str, Any]]
    handovers: list[dict[str, Any]]
    certificates: list[dict[str, Any]]
    holds: list[dict[str, Any]]
    photos: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    grants: list[dict[str, Any]]
    tickets: list[dict[str, Any]]
    conversations: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    unanswered: list[dict[str, Any]]
    access_by_staff: list[dict[str, Any]]


EXPORT_HEADERS = {
    "Content-Disposition": 'attachment; filename="huanxin-export.json"',
    "Cache-Control": "no-store",
}


def notice_json(notice: PrivacyNotice) -> PrivacyNoticeJson:
    """The notice as everybody sees it."""
    return {
        "version": notice.version,
        "effective_at": written(notice.effective_at),
        "title": notice.title,
        "sections": [{"heading": one.heading, "text": one.text} for one in notice.sections],
    }


def consent_json(consent: Consent) -> ConsentJson:
    """A consent as its giver sees it."""
    return {"version": consent.version, "at": written(consent.at)}


def me_json(
    resident: Resident, roles: list[Role], consent: Consent | None, notice: PrivacyNotice, keys: Keys
) -> MeJson:
    """An account as its owner sees it, while this notice holds."""
    return {
        **resident_json(resident, keys),
        "roles": roles,
        "consent": consent_json(consent) if consent else None,
        "consent_current": consent is not None and consent.version == notice.version,
    }


def access_json(event: AuditEvent) -> AccessJson:
    """An event of the audit log as the person it is about may see it: the desk, never the name."""
    told = json.loads(event.after) if event.after else {}
    return {
        "at": written(event.at),
        "role": told.get("role", "staff"),
        "what": event.action,
        "fields": told.get("fields", []),
        "reason": event.reason,
    }
