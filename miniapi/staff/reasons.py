"""Why somebody of the staff or of a shop looks or acts, in words that the log may keep for ever."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tortoise.transactions import in_transaction

from miniapi.accounts.models import Resident
from miniapi.audit.actions import record
from miniapi.keys import Keys
from miniapi.masking import masked_words
from miniapi.staff.errors import ReasonPersonal


class Officer(Protocol):
    """Whoever gives a reason."""

    @property
    def actor(self) -> str:
        """How the audit log names them."""


async def fit_to_keep(
    reason: str,
    residents: Iterable[Resident],
    officer: Officer,
    role: StrEnum,
    keys: Keys,
    *,
    at: datetime,
) -> str:
    """The reason with everybody's numbers hidden. Call it before the transaction of the act.

    Raises ReasonPersonal where it names one of these residents. That goes on record too: nobody finds out
    a name or a number by trying, unseen.
    """
    for resident in residents:
        if _names(reason, resident, keys):
            async with in_transaction():
                await record(
                    officer.actor, "reason.refused", f"resident:{resident.id}", at=at, after={"role": role}
                )
            raise ReasonPersonal()
    return masked_words(reason)


def _names(reason: str, resident: Resident, keys: Keys) -> bool:
    sealed = (resident.name_sealed, resident.phone_sealed, resident.id_number_sealed)
    own = [_letters_and_digits(keys.unseal(kept)) for kept in sealed if kept]
    said = _letters_and_digits(reason)
    return any(one in said for one in own if one)


def _letters_and_digits(text: str) -> str:
    """The text without what people put between: full-width and capital letters are as the others."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
