import codecs
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniapi import sheets
from miniapi.sheets import Column, Line, SheetUnreadable, Wrong

COLUMNS = (Column("name", "名称"), Column("phone", "电话", needed=False))
cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


class TestReading:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
    def test_takes_what_spreadsheets_write(self, encoding):
        found = sheets.read("名称,电话\r\n康乐,029\r\n".encode(encoding), COLUMNS)

        assert found == [Line(2, {"name": "康乐", "phone": "029"})]

    def test_goes_by_key_or_heading_in_any_order(self):
        assert sheets.read("电话,name\n1,甲\n".encode(), COLUMNS)[0].cells == {"name": "甲", "phone": "1"}

    def test_passes_over_empty_rows_and_counts_them(self):
        found = sheets.read("name\n\n甲\n ,\n乙\n".encode(), COLUMNS)

        assert [(line.number, line.cells["name"]) for line in found] == [(3, "甲"), (5, "乙")]

    def test_takes_a_cell_that_is_missing_at_the_end_as_none(self):
        assert sheets.read("name,phone\n甲\n".encode(), COLUMNS)[0].cells == {"name": "甲"}

    @pytest.mark.parametrize(
        ("content", "because"),
        [
            (b"", "没有内容"),
            (b"\n \n", "没有内容"),
            (codecs.BOM_UTF16_LE + "name\n甲".encode("utf-16-le"), "文字编码不对"),
            (b"na\0me\n", "文字编码不对"),
            ("name,颜色\n".encode(), "没有“颜色”这一列"),
            ("name,名称\n".encode(), "“name”这一列有两个"),
            ("电话\n029\n".encode(), "缺少这些列：名称"),
            ('name\n"甲\n'.encode(), "引号没有成对"),
            ("name\n甲,乙\n".encode(), "第 2 行的格子比列名多"),
            (b"name\n" + b"x\n" * (sheets.MOST_ROWS + 1), "最多 2000 行"),
        ],
    )
    def test_says_why_a_file_is_no_table(self, content, because):
        with pytest.raises(SheetUnreadable, match=because):
            sheets.read(content, COLUMNS)

    @given(st.binary(max_size=200))
    def test_never_fails_otherwise(self, content):
        with suppress(SheetUnreadable):
            assert {key for line in sheets.read(content, COLUMNS) for key in line.cells} <= {"name", "phone"}


class TestWriting:
    @pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "＝A1", "\t=1"])
    def test_leaves_a_spreadsheet_nothing_to_work_out(self, cell):
        assert sheets.written(["a"], [[cell]]).splitlines()[1].lstrip('"').startswith("'")

    def test_leaves_numbers_as_they_are(self):
        assert sheets.written(["a"], [["-12.5"]]) == "\ufeffa\r\n-12.5\r\n"

    @given(st.lists(cells.filter(bool) | cells.map("'={}".format), min_size=1, max_size=5))
    def test_what_is_refused_comes_back_as_it_was(self, names):
        wrong = [Wrong(Line(2, {"name": name}), "不对") for name in names]

        again = sheets.read(sheets.refused(COLUMNS, wrong).encode(), COLUMNS)

        assert [line.cells["name"] for line in again] == names
