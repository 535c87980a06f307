"""Tables that people make in a spreadsheet: read from CSV, and written so that one opens them rightly.

Excel in China saves CSV as GBK or as UTF-8 with a byte order mark: both are read, and UTF-8 with the mark is
written. A cell that a spreadsheet would take for a formula gets an apostrophe in front, which is taken off
again when the file comes back.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from miniapi.errors import Invalid

BOM = "\ufeff"
WRONG = "error"  # the column that says what is wrong with a row
MOST_ROWS = 2000  # of one file: some 200 kB, read in a blink

_WORKED_OUT = re.compile(r"'*[=+@\t\r＝＋－＠-]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


class SheetUnreadable(Invalid):
    """A file that is no table of ours; of its rows nothing is said."""

    code = "sheet_unreadable"
    sentence = "表格无法读取：{because}。"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, the heading that people give it, and whether a table must have it."""

    key: str
    heading: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the heading; `number` is the one a spreadsheet shows. Cells have no space around them."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that cannot be taken, and why."""

    line: Line
    because: str


def read(content: bytes, columns: Sequence[Column], *, most_rows: int = MOST_ROWS) -> list[Line]:
    """The rows of a file whose first row names its columns, by key or heading in any order; empty ones not.

    A column `error` of ours from an earlier answer is passed over. Raises SheetUnreadable.
    """
    reader = csv.reader(io.StringIO(_decoded(content), newline=""), strict=True)
    try:
        rows = [(number, row) for number, row in enumerate(reader, start=1) if any(map(str.strip, row))]
    except csv.Error:
        raise SheetUnreadable(because="不是 CSV，或有引号没有成对") from None
    if not rows:
        raise SheetUnreadable(because="里面没有内容") from None
    if len(rows) > most_rows + 1:
        raise SheetUnreadable(because=f"最多 {most_rows} 行")
    keys = _keys(rows[0][1], columns)
    return [_line(number, row, keys) for number, row in rows[1:]]


def written(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A file that a spreadsheet opens and no one of its cells works out."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return BOM + text.getvalue()


def refused(columns: Sequence[Column], wrong: Sequence[Wrong]) -> str:
    """The rows that cannot be taken, each with what is wrong, to be mended and sent again."""
    keys = [column.key for column in columns]
    rows = ([*(one.line.cells.get(key, "") for key in keys), one.because] for one in wrong)
    return written([*keys, WRONG], rows)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SheetUnreadable(because="文字编码不对，请另存为 CSV UTF-8 或 GBK")


def _keys(headings: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """What each column of the file is. Raises SheetUnreadable."""
    known = {name: column.key for column in columns for name in (column.key, column.heading)} | {WRONG: WRONG}
    names = [heading.strip() for heading in headings]
    if unknown := [name for name in names if name not in known]:
        raise SheetUnreadable(because=f"第一行应为列名，没有“{unknown[0][:20]}”这一列")
    keys = [known[name] for name in names]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise SheetUnreadable(because=f"“{twice[0]}”这一列有两个")
    if missing := [column.heading for column in columns if column.needed and column.key not in keys]:
        raise SheetUnreadable(because=f"缺少这些列：{'、'.join(missing)}")
    return keys


def _line(number: int, row: Sequence[str], keys: Sequence[str]) -> Line:
    """A row; a cell that is missing at its end is empty. Raises SheetUnreadable where it has too many."""
    if any(map(str.strip, row[len(keys) :])):
        raise SheetUnreadable(because=f"第 {number} 行的格子比列名多")
    cells = {key: _as_typed(cell) for key, cell in zip(keys, row, strict=False) if key != WRONG}
    return Line(number, cells)


def _harmless(cell: str) -> str:
    return f"'{cell}" if _WORKED_OUT.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _as_typed(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and _WORKED_OUT.match(cell) else cell
