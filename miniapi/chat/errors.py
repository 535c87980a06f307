"""Every way the chat can say no."""

from miniapi.errors import Invalid, NotFound


class TextInvalid(Invalid):
    code = "text_invalid"
    sentence = "请输入 1 到 {longest} 个字的问题。"


class NoSuchConversation(NotFound):
    code = "not_found"
    sentence = "这件工单没有附对话。"


class NoSuchMessage(NotFound):
    code = "not_found"
    sentence = "没有找到这条消息。"
