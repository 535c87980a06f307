"""Every way tickets can say no."""

from miniapi.errors import Conflict, NotFound


class NoSuchTicket(NotFound):
    code = "not_found"
    sentence = "没有找到这件工单。"


class TooManyOpen(Conflict):
    code = "too_many_open_tickets"
    sentence = "您有 {most} 件工单还在等答复，请等其中一件答复后再提新的。"


class TicketFull(Conflict):
    code = "ticket_full"
    sentence = "一件工单最多写 {most} 条，请提一件新的工单接着说。"


class TicketClosed(Conflict):
    code = "ticket_closed"
    sentence = "这件工单关闭已满 {days} 天，请提一件新的工单。"


class MovedOn(Conflict):
    """The ticket is not, or no longer, in a state from which this can be done."""

    code = "ticket_state"
    sentence = "这件工单{called}，现在不能这样办，请刷新后再看。"


class OnThatDesk(Conflict):
    code = "ticket_on_that_desk"
    sentence = "这件工单已经在这个岗位，不用转。"
