"""The JSON of staff accounts."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.http.requests import Body
from miniapi.staff.models import Staff, StaffRole
from miniapi.staff.signing_in import SignedIn

Password = Annotated[str, Field(min_length=1, max_length=128)]
Reason = Annotated[str, Field(min_length=5, max_length=200)]  # of a look or an act that goes into the log
Told = Annotated[str, Field(min_length=5, max_length=120)]  # of an act: a history tells it to others
Cause = Annotated[str, Field(min_length=2, max_length=200)]  # of a decision: it may be told to everybody


class StaffLogin(Body):
    """A name, a password, and the code of the authenticator where the account has one."""

    username: Annotated[str, Field(min_length=1, max_length=32)]
    password: Password
    totp: Annotated[str, Field(pattern="^[0-9]{6}$")] | None = None


class ChangePassword(Body):
    """The password there is, and the one there shall be."""

    old: Password
    new: Password


class StaffJson(TypedDict):
    """An account of the staff."""

    id: Id
    username: str
    roles: list[StaffRole]


class StaffSignedInJson(TypedDict):
    """A new session; the token is shown this once."""

    token: str
    expires_at: Time
    staff: StaffJson


def staff_json(account: Staff) -> StaffJson:
    """An account as its owner sees it."""
    return {
        "id": str(account.id),
        "username": account.username,
        "roles": [StaffRole(role) for role in account.roles],
    }


def signed_in_json(signed_in: SignedIn) -> StaffSignedInJson:
    """The answer to a sign-in."""
    return {
        "token": signed_in.token,
        "expires_at": written(signed_in.expires_at),
        "staff": staff_json(signed_in.account),
    }
