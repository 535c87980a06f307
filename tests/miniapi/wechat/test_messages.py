"""What each kind of push means."""

import pytest

from miniapi.wechat.errors import PushUnreadable
from miniapi.wechat.messages import (
    Entered,
    GrantChange,
    Other,
    Sent,
    SentMessage,
    UserPicture,
    UserText,
    message_of,
)

POPUP = {
    "ToUserName": "gh_1",
    "FromUserName": "oA",
    "CreateTime": "1620973045",
    "MsgType": "event",
    "Event": "subscribe_msg_popup_event",
}
ACCEPT = {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "0"}
REJECT = {"TemplateId": "T2", "SubscribeStatusString": "reject", "PopupScene": "0"}


def text(**change):
    usual = {"FromUserName": "oA", "CreateTime": 7, "MsgType": "text", "Content": "在吗", "MsgId": 24}
    return message_of({**usual, **change})


def test_one_answer_is_an_object_and_several_are_a_list():
    one = message_of({**POPUP, "List": ACCEPT})
    two = message_of({**POPUP, "List": [ACCEPT, REJECT]})

    assert isinstance(one, GrantChange)
    assert one.answers == (("T1", "accept"),)
    assert isinstance(two, GrantChange)
    assert two.answers == (("T1", "accept"), ("T2", "reject"))


@pytest.mark.parametrize("listed", [ACCEPT, [ACCEPT, REJECT]])
def test_xml_wraps_the_list_and_means_the_same(listed):
    as_json = message_of({**POPUP, "List": listed})
    as_xml = message_of({**POPUP, "SubscribeMsgPopupEvent": {"List": listed}})

    assert as_json == as_xml


def test_a_long_term_accept_with_sound_is_an_accept():
    message = message_of({**POPUP, "List": {**ACCEPT, "SubscribeStatusString": "acceptWithAudio"}})

    assert isinstance(message, GrantChange)
    assert message.answers == (("T1", "accept"),)


def test_what_is_neither_yes_nor_no_changes_no_grant():
    message = message_of({**POPUP, "List": {**ACCEPT, "SubscribeStatusString": "ban"}})

    assert isinstance(message, Other)


def test_the_settings_page_turns_off():
    dialog = message_of({**POPUP, "List": REJECT})
    settings = message_of({**POPUP, "Event": "subscribe_msg_change_event", "List": REJECT})

    assert isinstance(dialog, GrantChange)
    assert not dialog.turned_off
    assert isinstance(settings, GrantChange)
    assert settings.turned_off


def test_a_sent_message_tells_how_it_ended():
    item = {"TemplateId": "T1", "MsgID": "1700827132819554304", "ErrorCode": "0", "ErrorStatus": "success"}

    message = message_of({**POPUP, "Event": "subscribe_msg_sent_event", "List": item})

    assert isinstance(message, Sent)
    assert message.messages == (SentMessage("T1", "1700827132819554304", 0),)


@pytest.mark.parametrize("kind", ["voice", "miniprogrampage"])
def test_other_messages_are_told_by_their_type(kind):
    message = message_of({"FromUserName": "oA", "MsgType": kind, "MsgId": "9"})

    assert message == Other(kind, "message:9", "oA")


def test_a_picture_is_told_by_who_sent_it():
    pushed = {"FromUserName": "oA", "MsgType": "image", "PicUrl": "http://p", "MediaId": "m", "MsgId": "9"}

    assert message_of(pushed) == UserPicture("oA", "message:9")


def test_who_comes_in_is_told_once_a_second():
    pushed = {"FromUserName": "oA", "MsgType": "event", "CreateTime": "7", "Event": "user_enter_tempsession"}

    assert message_of(pushed) == Entered("oA", "oA:7:event:user_enter_tempsession")


def test_unknown_events_are_told_by_their_name():
    assert message_of({"MsgType": "event", "Event": "wxa_media_check"}).kind == "wxa_media_check"


def test_a_push_without_a_type_is_unreadable():
    with pytest.raises(PushUnreadable):
        message_of({"FromUserName": "oA"})


def test_numbers_may_be_written_as_text():
    assert text(CreateTime="7", MsgId="24") == text() == UserText("oA", "在吗", "message:24", 7)


def test_an_id_of_the_cloud_is_an_id():
    assert text(MsgId="49d72d_1555684067").dedupe_key == "message:49d72d_1555684067"


def test_what_no_table_can_keep_is_left_out():
    assert text(Content="在\0吗\ud800").text == "在吗?"


@pytest.mark.parametrize("created", ["", "yesterday", -5, 10**20, None, True])
def test_a_nonsensical_second_is_none(created):
    assert text(CreateTime=created).created == 0


class TestDedupeKey:
    def test_repeats_of_an_event_share_it(self):
        once, again = (message_of({**POPUP, "List": [ACCEPT, REJECT]}) for _ in range(2))

        assert once.dedupe_key == again.dedupe_key

    @pytest.mark.parametrize(
        "change",
        [
            {"FromUserName": "oB"},
            {"CreateTime": "1620973046"},
            {"Event": "subscribe_msg_change_event"},
            {"List": REJECT},
        ],
    )
    def test_another_person_second_event_or_template_is_another(self, change):
        usual = {**POPUP, "List": ACCEPT}

        assert message_of(usual).dedupe_key != message_of(usual | change).dedupe_key

    def test_a_message_of_the_same_second_is_another(self):
        assert text(MsgId=24).dedupe_key != text(MsgId=25).dedupe_key

    def test_stays_short_enough_for_a_column(self):
        many = [{**ACCEPT, "TemplateId": f"{number:043}"} for number in range(5)]

        assert len(message_of({**POPUP, "List": many}).dedupe_key) <= 200
