"""Every way reminders can say no."""

from miniapi.errors import Invalid, NotFound


class NoSuchReminder(NotFound):
    code = "not_found"
    sentence = "没有找到这条提醒。"


class TooLate(Invalid):
    code = "too_late"
    sentence = "“{about}”的提醒时间已经过了，请选晚一点的提醒。"
