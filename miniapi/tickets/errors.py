"""Every way tickets can say no."""

from miniapi.errors import Conflict, NotFound


class NoSuchTicket(NotFound):
    code = "not_found"
    sentence = "没有找到这件工单。"


class TooManyOpen(Conflict):
    code = "too_many_open_tickets"
    sentence = "您有 {most} 件工单还在等答复，请等其中一件答复后再提新的。"
