"""Things to be reminded of, and who sends the reminders."""

from datetime import datetime

from miniapi.ids import new_id
from miniapi.reminders.occasions import Occasion
from miniapi.reminders.sending import Sender
from miniapi.reminders.templates import Templates
from miniapi.settings import SendingSettings
from miniapi.wechat.client import WeChat

FIELDS = {
    "drop": {"thing1": "杨凌以旧换新", "time2": "2024年09月01日 13:00", "thing3": "先到先得"},
    "pickup": {
        "character_string1": "0123456789",
        "time2": "2024年09月01日 13:00",
        "thing3": "旧家电",
        "thing4": "杨陵区",
    },
}


def an_occasion(at: datetime, kind: str = "drop") -> Occasion:
    """Something of this kind that happens then."""
    return Occasion(kind=kind, subject=new_id(), at=at, about="提醒", fields=FIELDS[kind])


def a_sender(wechat: WeChat, *, at_once: int = 8, per_second: int = 0, person_per_day: int = 0) -> Sender:
    """Somebody who sends, without limits but for what is said."""
    return Sender(wechat, Templates(wechat), SendingSettings(at_once, per_second, person_per_day))
