"""What the sandbox knows: people, codes, tokens, grants and messages. Every change is in its journal."""

import base64
import hashlib
import math
import secrets
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from miniapi.sandbox.journal import Change, Journal
from miniapi.sandbox.tokens import Family, Issued, Tokens, fresh_token

CODE_LIFE = 300.0  # seconds
LOGINS_A_MINUTE = 100
BLOCKED_USER = "blocked"  # WeChat calls this person a risk and refuses the login

Opening = Literal["said", "entered"]
WINDOWS: dict[Opening, tuple[timedelta, int]] = {
    "said": (timedelta(hours=48), 5),  # a person wrote: so many answers in that time
    "entered": (timedelta(minutes=1), 2),  # a person came into the customer-service session
}


@dataclass(slots=True)
class Code:
    """What `wx.login` or the phone button gave: good once, for five minutes, for one mini-program."""

    kind: Literal["login", "phone"]
    openid: str
    appid: str
    expires: float
    phone: str = ""
    used: bool = False


@dataclass(slots=True)
class Window:
    """A time in which a person may be written to, and how often still."""

    until: datetime
    left: int


def openid_of(user: str) -> str:
    """The 28 characters by which WeChat calls this person, always the same."""
    digest = hashlib.sha256(f"huanxin sandbox user {user}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


class State:
    """The sandbox's memory. `ticks` is the machine's monotonic clock, `wall` the one of the wall;
    the wall only tells, after a restart, how old a code or a token is."""

    def __init__(
        self,
        journal: Path,
        ticks: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.ticks = ticks
        self.users: dict[str, str] = {}
        self.codes: dict[str, Code] = {}
        self.tokens = Tokens()
        self.grants: Counter[tuple[str, str]] = Counter()
        self.messages: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.received: list[tuple[str, dict[str, Any]]] = []  # by everybody, in the order of time
        self.windows: dict[str, dict[Opening, Window]] = {}
        self.session_keys: dict[str, str] = {}
        self.active_at: dict[str, datetime] = {}
        self.calls: Counter[str] = Counter()
        self._wall = wall
        self._last_event: dict[str, int] = {}
        self._logins: defaultdict[str, deque[float]] = defaultdict(deque)
        self._journal = Journal(journal)
        for change in self._journal.replay():
            self._apply(change)

    def close(self) -> None:
        self._journal.close()

    # people and codes

    def person(self, user: str) -> str:
        """The openid of a user; any name makes one."""
        openid = openid_of(user)
        if openid not in self.users:
            self._record({"what": "user", "openid": openid, "user": user})
        return openid

    def new_code(self, kind: Literal["login", "phone"], openid: str, appid: str, phone: str = "") -> str:
        """A fresh code for somebody."""
        code = f"0{secrets.token_urlsafe(24)[:31]}"
        self._forget_old_codes()
        self._record(
            {"what": "code", "code": code, "kind": kind, "openid": openid, "appid": appid, "phone": phone}
        )
        return code

    def code(self, code: str, kind: Literal["login", "phone"], appid: str) -> Code | None:
        """A code of this kind and mini-program that has not expired, used or not."""
        known = self.codes.get(code)
        if known is None or known.kind != kind or known.appid != appid or self.ticks() >= known.expires:
            return None
        return known

    def use_code(self, code: str, session_key: str | None = None, at: datetime | None = None) -> None:
        """Use a code up; a login gives its person a new session key and is a sign of life."""
        self._record(
            {
                "what": "code_used",
                "code": code,
                "openid": self.codes[code].openid,
                "session_key": session_key,
                "at": at.isoformat() if at else None,
            }
        )

    def logs_in_too_often(self, openid: str) -> bool:
        """Count one login of a person; true beyond WeChat's number a minute."""
        recent, at = self._logins[openid], self.ticks()
        while recent and at - recent[0] >= 60:
            recent.popleft()
        recent.append(at)
        return len(recent) > LOGINS_A_MINUTE

    # tokens

    def new_token(self, family: Family, *, forced: bool = False) -> Issued:
        token = fresh_token()
        self._record({"what": "token", "token": token, "family": family, "forced": forced})
        return self.tokens.issued[token]

    def revoke(self, token: str) -> None:
        """End a token before its time; asked for plainly, the stable one comes again as it is."""
        if token in self.tokens.issued:
            self._record({"what": "revoked", "token": token})

    def token_life(self, token: Issued) -> int:
        """The whole seconds that a token has left."""
        return math.floor(token.expires - self.ticks())

    # grants, messages, windows

    def event_second(self, openid: str, at: datetime) -> int:
        """The second to stamp a push with: never the same twice for one person, as repeats are told by it."""
        return max(int(at.timestamp()), self._last_event.get(openid, 0) + 1)

    def answered(self, openid: str, template_ids: list[str], answer: str, second: int) -> None:
        """Somebody answered the consent dialog, or turned templates off."""
        self._record(
            {
                "what": "answered",
                "openid": openid,
                "template_ids": template_ids,
                "answer": answer,
                "second": second,
            }
        )

    def opened(self, openid: str, how: Opening, at: datetime, second: int) -> None:
        """Somebody wrote or came in: for a while they may be written to."""
        self._record({"what": "opened", "openid": openid, "how": how, "at": at.isoformat(), "second": second})

    def window(self, openid: str, at: datetime) -> tuple[bool, Opening | None]:
        """Whether any window of a person is open, and the one that the next message would use up."""
        open_ones = {how: one for how, one in self.windows.get(openid, {}).items() if at < one.until}
        return bool(open_ones), next((how for how, one in open_ones.items() if one.left), None)

    def wrote_within(self, openid: str, span: timedelta, at: datetime) -> bool:
        """Whether a person wrote or came in not longer ago than this."""
        opened = ((how, one.until) for how, one in self.windows.get(openid, {}).items())
        return any(at - (until - WINDOWS[how][0]) < span for how, until in opened)

    def deliver(
        self, openid: str, message: dict[str, Any], *, window: Opening | None = None, second: int = 0
    ) -> None:
        """Put a message into somebody's list; it uses up a grant or a place in a window."""
        self._record(
            {"what": "message", "openid": openid, "message": message, "window": window, "second": second}
        )

    # the journal

    def _record(self, change: Change) -> None:
        stamped = {**change, "wall": self._wall()}
        self._journal.add(stamped)
        self._apply(stamped)

    def _apply(self, change: Change) -> None:
        at = self.ticks() - max(0.0, self._wall() - change["wall"])
        match change:
            case {"what": "user", "openid": openid, "user": user}:
                self.users[openid] = user
            case {"what": "code", "code": code}:
                self.codes[code] = Code(
                    change["kind"], change["openid"], change["appid"], at + CODE_LIFE, change["phone"]
                )
            case {"what": "code_used", "code": code}:
                if code in self.codes:
                    self.codes[code].used = True
                if change.get("session_key"):
                    self.session_keys[change["openid"]] = change["session_key"]
                self._note_life(change)
            case {"what": "revoked", "token": token}:
                self.tokens.issued[token].superseded = True
            case {"what": "token", "token": token, "family": family, "forced": forced}:
                self.tokens.issue(token, family, forced=forced, at=at)
            case {"what": "answered", "openid": openid, "template_ids": template_ids, "answer": answer}:
                self._count_grants(openid, template_ids, answer)
            case {"what": "opened", "openid": openid, "how": how, "at": moment}:
                lasts, messages = WINDOWS[how]
                until = datetime.fromisoformat(moment) + lasts
                self.windows.setdefault(openid, {})[how] = Window(until, messages)
                self._note_life(change)
            case {"what": "message", "openid": openid, "message": message, "window": window}:
                self.messages[openid].append(message)
                self.received.append((openid, message))
                if window is not None:
                    self.windows[openid][window].left -= 1
                elif message["kind"] == "subscribe":
                    self.grants[openid, message["template_id"]] -= 1
        if change.get("second"):
            self._last_event[change["openid"]] = change["second"]

    def _note_life(self, change: Change) -> None:
        """WeChat checks the words of those alone who used the mini-program lately."""
        if change.get("at"):
            self.active_at[change["openid"]] = datetime.fromisoformat(change["at"])

    def _count_grants(self, openid: str, template_ids: list[str], answer: str) -> None:
        for template_id in template_ids:
            if answer == "accept":
                self.grants[openid, template_id] += 1
            elif answer == "turn_off":
                self.grants[openid, template_id] = 0

    def _forget_old_codes(self) -> None:
        """Expired codes are as unknown as any other; the oldest stand first."""
        at = self.ticks()
        while self.codes and (oldest := next(iter(self.codes.items())))[1].expires <= at:
            del self.codes[oldest[0]]
