"""Every way pickups can say no."""

from miniapi.errors import Conflict, Invalid, NotFound


class NoSuchSlot(NotFound):
    code = "not_found"
    sentence = "没有找到这个时段。"


class NoSuchPickup(NotFound):
    code = "not_found"
    sentence = "没有找到这个预约。"


class SlotFull(Conflict):
    code = "slot_full"
    sentence = "这个时段已约满，请换一个时段。"


class SlotClosed(Conflict):
    code = "slot_closed"
    sentence = "这个时段已停止预约，请换一个时段。"


class AlreadyBooked(Conflict):
    code = "already_booked"
    sentence = "您在这个时段已经有一个预约。"


class TooLateToChange(Conflict):
    code = "too_late_to_change"
    sentence = "{change_until:%m月%d日 %H:%M} 之后不能再改约或取消，请联系人工服务。"


class NotBooked(Conflict):
    code = "pickup_not_booked"
    sentence = "这个预约已经取消。"


class OtherDistrict(Invalid):
    code = "slot_of_other_district"
    sentence = "这个时段只服务{district}，请选您所在区域的时段。"
