"""Every way drops can say no."""

from miniapi.errors import Conflict, Invalid, NotFound


class NoSuchDrop(NotFound):
    code = "not_found"
    sentence = "没有找到这场活动。"


class DropNotOpen(Conflict):
    code = "drop_not_open"
    sentence = "现在不能领券：{because}"


class OutsideWindow(Invalid):
    code = "outside_window"
    sentence = "只能在活动期内发券：{opens_at:%Y年%m月%d日 %H:%M} 起，{closes_at:%Y年%m月%d日 %H:%M} 以前。"


class DropInThePast(Invalid):
    code = "drop_in_the_past"
    sentence = "这个时间已经过了，现在是 {now:%m月%d日 %H:%M}。"


class DropAtThatTime(Conflict):
    code = "drop_at_that_time"
    sentence = "{opens_at:%m月%d日 %H:%M} 已经安排了一场。"


class DrawTimeUnfit(Invalid):
    code = "draw_time_unfit"
    sentence = (
        "抽签要在报名开始（{opens_at:%m月%d日 %H:%M}）之后、本场结束（{closes_at:%m月%d日 %H:%M}）之前。"
    )


class QuotaOverRoom(Conflict):
    """The fact `room` is how many vouchers, each at the most it can cost, the pool still covers."""

    code = "quota_over_room"
    sentence = "资金池还够 {room} 张券，不能安排这么多。"


class QuotaBelowIssued(Conflict):
    code = "quota_below_issued"
    sentence = "本场已经发出 {issued} 张，数量不能比这更少。"


class DropOver(Conflict):
    code = "drop_over"
    sentence = "本场已经{because}，不能再改。"


class SoldOut(Conflict):
    code = "drop_sold_out"
    sentence = "本场的券已领完。"


class DrawnByLot(Conflict):
    code = "drop_by_lot"
    sentence = "本场先报名、后抽签，不能直接领券。"


class NotByLot(Conflict):
    code = "drop_not_by_lot"
    sentence = "本场先到先得，不用报名，开始后直接领券。"


class RegistrationNotOpen(Conflict):
    code = "registration_not_open"
    sentence = "现在不能报名：{because}"


class EntriesFixed(Conflict):
    code = "entries_fixed"
    sentence = "本场报名已经截止，参加抽签的名单不能再改。"


class NoSuchRegistration(NotFound):
    code = "not_found"
    sentence = "没有找到这次报名。"
