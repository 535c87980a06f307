"""What each of WeChat's codes means to whoever asked: one kind of trouble for every code that it documents.

A call that knows better what a code means for its person says so itself (see `client`).
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType

from miniapi.wechat.errors import (
    AskedWrongly,
    NotSetUp,
    PersonRefused,
    QuotaSpent,
    TokenRefused,
    WeChatBusy,
    WeChatUnavailable,
)

_CODES: Mapping[type[WeChatUnavailable], tuple[int, ...]] = {
    WeChatBusy: (
        -1,  # system error
        43108,  # two messages to one person at once
        44990,  # too many in a second
        44991,  # too many in a minute
    ),
    QuotaSpent: (
        44993,  # a day's
        45009,  # a day's
        45011,  # a minute's
        45029,  # mini-program codes of the limited kind, for ever
        48006,  # a month's, of clearing quotas
    ),
    TokenRefused: (
        40001,  # replaced by another one, or never ours
        40014,  # none at all
        41001,  # missing
        42001,  # expired
    ),
    NotSetUp: (
        40013,  # appid
        40037,  # template
        40125,  # secret
        40164,  # our address is not on the whitelist
        40234,  # sealed calls are switched on
        40243,  # the secret is frozen
        41002,  # no appid
        41004,  # no secret
        43003,  # https is wanted
        43104,  # openid and appid do not belong together, or the account may not
        43107,  # the template or the account is banned
        48001,  # no permission for this call
        48004,  # the call is banned
        50004,
        50007,  # the account is frozen
        61080,
        61081,  # of a risk rank
        85079,  # nothing is released
        85406,
        85407,
        85408,  # links the account may not make
        89503,
        89506,
        89507,  # an administrator must confirm our address
    ),
    AskedWrongly: (
        1005,
        40002,  # grant_type
        40004,
        40007,  # media
        40008,  # kind of message
        40033,  # \uXXXX
        40097,  # arguments
        40129,  # scene
        40159,  # path too long
        40165,  # path
        40169,  # scene too long
        40200,
        40212,  # query
        41008,  # no code
        41030,  # page
        43001,  # GET is wanted
        43002,  # POST is wanted
        44002,  # empty body
        44004,  # empty text
        45002,  # text too long
        45072,  # command
        45162,  # kind of message
        47001,  # no JSON
        47003,  # data of a message
        76001,
        76002,
        76003,
        76004,
        76021,
        76022,  # of looking a call or a quota up
        80111,
        80113,
        84010,
        84011,
        84012,
        84013,
        84014,
        84015,
        84016,
        84017,
        84018,
        84019,
        84020,
        84021,
        84022,  # of names and faces
        85096,  # a word that is reserved
        85401,  # how long a link lasts
        85402,  # version
        87008,  # way of signing
        89002,
        89300,  # of a payment
        9410009,
    ),
    PersonRefused: (
        40003,  # openid
        40029,  # code
        40163,  # used code
        40226,  # a risk
        43101,  # no grant
        45015,
        45047,  # may not be written to any more
        45080,  # did not write lately
        45081,  # sees us typing already
        45168,  # words that WeChat does not carry
        50002,  # limited
        61010,  # did not use the mini-program lately
        70000,  # a minor
        87007,
        87009,  # session key
        87014,  # words that WeChat calls risky
        87020,
    ),
}
KIND_OF: Mapping[int, type[WeChatUnavailable]] = MappingProxyType(
    {errcode: kind for kind, codes in _CODES.items() for errcode in codes}
)
PASSES = (WeChatBusy, QuotaSpent)
OURS_TO_MEND = (NotSetUp, TokenRefused)
OUR_TROUBLE = (*PASSES, *OURS_TO_MEND)  # whatever the person or the message

log = logging.getLogger(__name__)


def kind_of(errcode: int) -> type[WeChatUnavailable]:
    """The kind of trouble that a code is; of an undocumented one only that it is trouble."""
    return KIND_OF.get(errcode, WeChatUnavailable)


def refusal_of(path: str, errcode: int, said: object) -> WeChatUnavailable:
    """The trouble of a code, and a line in the log: what does not pass by itself is an error."""
    kind = kind_of(errcode)
    level = logging.WARNING if kind in (*PASSES, PersonRefused) else logging.ERROR
    log.log(level, "wechat %s refuses with %s: %.200s", path, errcode, said)
    refusal = kind()
    refusal.errcode = errcode
    return refusal


def counted_as(errcode: int) -> str:
    """A code as a label of the metrics: only documented ones, which are few."""
    return str(errcode) if errcode == 0 or errcode in KIND_OF else "other"
