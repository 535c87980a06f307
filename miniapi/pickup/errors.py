"""Every way pickups can say no."""

from miniapi.errors import Conflict, Invalid, NotFound


class NoSuchSlot(NotFound):
    code = "not_found"
    sentence = "没有找到这个时段。"


class NoSuchPickup(NotFound):
    code = "not_found"
    sentence = "没有找到这个预约。"


class NoSuchOffer(NotFound):
    code = "not_found"
    sentence = "没有等您确认的报价。"


class OfferChanged(Conflict):
    code = "offer_changed"
    sentence = "这个报价已经作废，请看清新的报价再回复。"


class NoSuchClosure(NotFound):
    code = "not_found"
    sentence = "没有找到这次停收。"


class NoSuchCrew(Invalid):
    code = "crew_unknown"
    sentence = "这个地区没有这个上门小组。"


class SlotFull(Conflict):
    code = "slot_full"
    sentence = "这个时段已约满，请换一个时段。"


class SlotClosed(Conflict):
    code = "slot_closed"
    sentence = "这个时段已停止预约，请换一个时段。"


class AlreadyBooked(Conflict):
    code = "already_booked"
    sentence = "您在这个时段已经有一个预约。"


class TooManyActive(Conflict):
    code = "too_many_pickups"
    sentence = "您有 {most} 个预约还没有上门，请等其中一个完成后再约新的。"


class TooLateToChange(Conflict):
    code = "too_late_to_change"
    sentence = "{change_until:%m月%d日 %H:%M} 之后不能再改约或取消，请联系人工服务。"


class TooManyChanges(Conflict):
    code = "too_many_changes"
    sentence = "一个预约最多改 {most} 次时间，请联系人工服务，或取消后重新预约。"


class NotBooked(Conflict):
    code = "pickup_not_booked"
    sentence = "这个预约已经取消。"


class NotNow(Conflict):
    """The table of moves does not lead on from the state the booking is in."""

    code = "pickup_state"
    sentence = "这个预约{called}，现在不能这样办，请刷新后再看。"


class OtherDistrict(Invalid):
    code = "slot_of_other_district"
    sentence = "这个时段只服务{district}，请选您所在区域的时段。"


class CrewFull(Conflict):
    code = "crew_full"
    sentence = "本小组在这个时段的名额已接满。"


class TooEarly(Conflict):
    code = "too_early"
    sentence = "{since:%m月%d日 %H:%M} 之后才能这样办。"


class TooLateNow(Conflict):
    code = "too_late_now"
    sentence = "{until:%m月%d日 %H:%M} 之后不能再这样办。"


class ActionUsed(Conflict):
    code = "action_used"
    sentence = "这个操作编号已用于另一件事，请重新操作。"


class CodeWrong(Conflict):
    code = "pickup_code_wrong"
    sentence = "回收码不对，还可以再试 {left} 次。"


class CodeLocked(Conflict):
    code = "pickup_code_locked"
    sentence = "回收码输错次数太多，已锁定，请居民联系人工服务解锁。"


class PriceNotAgreed(Conflict):
    code = "price_not_agreed"
    sentence = "这个价格居民还没有同意，请先报价，等居民在小程序里确认。"


class NeverOffered(Invalid):
    code = "price_never_offered"
    sentence = "这个价格师傅没有报过，只能按报过的价格办结。"


class NoSuchCrewOfYours(NotFound):
    code = "not_found"
    sentence = "没有找到这个上门小组。"


class NoSuchMember(NotFound):
    code = "not_found"
    sentence = "这个小组里没有这个人。"


class CrewNamed(Conflict):
    code = "crew_name_taken"
    sentence = "本企业已有叫这个名字的小组，请换一个名字。"


class CrewClosed(Conflict):
    code = "crew_closed"
    sentence = "这个小组已停用，请先恢复。"


class HoursOverlap(Invalid):
    code = "hours_overlap"
    sentence = "{district}周{weekday}的时间有重叠，请改好再提交。"


class InvitationWrong(Conflict):
    code = "invitation_wrong"
    sentence = "邀请码不对、已用过或已过期，请向负责人要一个新的。"


class OtherwiseEmployed(Conflict):
    code = "otherwise_employed"
    sentence = "您在{merchant_name}已有别的身份，不能加入小组。"
