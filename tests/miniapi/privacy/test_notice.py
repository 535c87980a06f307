from datetime import timedelta

import pytest

from miniapi.privacy.notice import load

TOLD = ("谁", "为什么", "哪些信息", "多久", "保护", "谁能看到", "权利")
NEXT = """
[[notice]]
version = "{}"
effective_at = {}
title = "T"
[[notice.section]]
heading = "H"
text = "T"
"""


def test_tells_all_that_the_law_asks_for():
    notice = load().versions[-1]

    headings = " ".join(section.heading for section in notice.sections)
    assert [one for one in TOLD if one not in headings] == []
    text = "".join(section.text for section in notice.sections)
    for right in (
        "查看",
        "更正",
        "导出",
        "撤回",
        "注销",
        "工单",
        "加密",
        "日志",
        "抽签",
        "签名",
        "交接",
        "处理证明",
    ):
        assert right in text


def test_a_version_holds_until_the_next_one_does(tmp_path):
    file = tmp_path / "notices.toml"
    file.write_text(
        NEXT.format("1", "2024-01-01T00:00:00+08:00") + NEXT.format("2", "2024-09-02T00:00:00+08:00")
    )
    notices = load(file)
    second = notices.versions[1].effective_at

    assert notices.current(second - timedelta(seconds=1)).version == "1"
    assert notices.current(second).version == "2"
    assert notices.current(second.replace(year=2020)).version == "1"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("1", "2024-09-02T00:00:00+08:00"), ("2", "2024-09-01T00:00:00+08:00")),
        (("1", "2024-09-01T00:00:00+08:00"), ("1", "2024-09-02T00:00:00+08:00")),
    ],
)
def test_versions_out_of_order_are_refused(tmp_path, first, second):
    file = tmp_path / "notices.toml"
    file.write_text(NEXT.format(*first) + NEXT.format(*second))

    with pytest.raises(ValueError, match="every version once"):
        load(file)
