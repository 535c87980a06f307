"""What WeChat's check says of residents' words: asked afterwards, shown to the staff, never a refusal.

Words that a resident writes to the city are read by its staff and by nobody else. So they are taken as they
are, whatever WeChat says or does; the staff see its verdict beside them.
"""

from datetime import datetime, timedelta

from miniapi.keys import Keys
from miniapi.tickets.models import TicketAct, TicketEvent
from miniapi.wechat.client import Verdict, WeChat

WRITTEN = (TicketAct.OPENED, TicketAct.REPLIED, TicketAct.REOPENED)
CHECKED_WITHIN = timedelta(hours=2)  # WeChat knows only who used the mini-program since then
AT_ONCE = 20  # in one look


async def check_words(wechat: WeChat, keys: Keys, *, at: datetime) -> int:
    """Ask WeChat about words it was not asked about yet; how many it judged. Raises WeChatUnavailable."""
    unasked = TicketEvent.filter(staff_id=None, what__in=WRITTEN, verdict=None)
    await unasked.filter(at__lte=at - CHECKED_WITHIN).update(verdict=Verdict.UNCHECKED)
    events = await unasked.order_by("at").limit(AT_ONCE).select_related("ticket__resident")
    judged = 0
    for event in events:
        verdict = await _verdict_on(event, wechat, keys)
        judged += verdict is not Verdict.UNCHECKED
        await TicketEvent.filter(id=event.id, verdict=None).update(verdict=verdict)
    return judged


async def _verdict_on(event: TicketEvent, wechat: WeChat, keys: Keys) -> Verdict:
    ticket, openid = event.ticket, event.ticket.resident.openid
    sealed = ticket.text_sealed if event.what == TicketAct.OPENED else event.text_sealed
    if sealed is None or openid is None:  # whoever wrote it has left
        return Verdict.UNCHECKED
    return await wechat.verdict_on(keys.unseal(sealed), openid)
