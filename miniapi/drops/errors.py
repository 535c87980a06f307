"""Every way drops can say no."""

from miniapi.errors import Conflict, NotFound


class NoSuchDrop(NotFound):
    code = "not_found"
    sentence = "没有找到这场活动。"


class DropNotOpen(Conflict):
    code = "drop_not_open"
    sentence = "现在不能领券：{because}"


class SoldOut(Conflict):
    code = "drop_sold_out"
    sentence = "本场的券已领完。"
