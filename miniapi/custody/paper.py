"""The certificate on paper: a page of PDF in Chinese, with a QR code by which anybody can check it.

The same certificate always gives the same bytes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import segno
from pylopdf_fonts_zh_cn import sans_path

from faq.categories import Categories
from miniapi.clock import SHANGHAI
from miniapi.custody.models import Certificate
from miniapi.custody.queries import Chain
from miniapi.custody.schemas import CALLED, address_of, items_json, masked_code
from miniapi.pickup.handover_models import Handover
from miniapi.redemption.models import Redemption

if TYPE_CHECKING:  # 40 MiB, which a worker holds from its first certificate on
    from fpdf import FPDF

TITLE = "废旧家电家居回收处理证明"
NO_LICENCE = "许可登记前回收"
FONT = "NotoSansSC"
MARGIN, WIDTH = 20.0, 170.0  # millimetres, on A4
QR_SIDE = 38.0  # millimetres
FOOT = 76.0  # millimetres above the end of the page, kept for how to check it
COLUMNS = (26.0, 50.0, 54.0, 40.0)  # millimetres: step, who, licence, weight and time
HEADINGS = ("环节", "经手单位", "许可证号与有效期", "重量与时间")
ACCENT = (24, 112, 84)
GREY = (105, 105, 105)


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on the page, line by line."""

    code: str
    address: str
    issued_at: datetime
    items: str
    steps: tuple[tuple[str, ...], ...]
    purchase: str


def paper_of(chain: Chain, certificate: Certificate, public_url: str, categories: Categories) -> Paper:
    """What the certificate of these things says on paper."""
    return Paper(
        code=certificate.code,
        address=address_of(certificate, public_url),
        issued_at=certificate.issued_at,
        items="、".join(item["category_name"] for item in items_json(chain.pickup, categories)),
        steps=tuple(_step(one) for one in chain.handovers),
        purchase=_purchase(chain.purchase, categories) if chain.purchase else "没有关联的以旧换新购买记录",
    )


def drawn(paper: Paper) -> bytes:
    """The page as PDF. It takes a fifth of a second of a processor: call it in a thread."""
    from fpdf import FPDF

    page = FPDF(format="A4")
    page.set_creation_date(paper.issued_at)
    page.set_title(TITLE)
    page.set_lang("zh-CN")
    page.set_margin(MARGIN)
    page.set_auto_page_break(False)
    page.add_font(FONT, fname=sans_path())
    page.add_page()
    _heading(page, paper)
    _facts(page, paper)
    _steps(page, paper)
    _foot(page, paper)
    return bytes(page.output())


def in_words(paper: Paper) -> str:
    """The same for a telephone that has scanned the code."""
    steps = "".join(f"· {'，'.join(cells)}\n" for cells in _unbroken(paper.steps))
    return (
        f"核验通过：这份证明由本平台出具。\n\n{TITLE}\n编号 {spaced(paper.code)}\n"
        f"回收旧物 {paper.items}\n开具时间 {_minute(paper.issued_at)}\n以旧换新 {paper.purchase}\n\n"
        f"{steps}\n请与纸面内容核对；不一致的，以这里为准。\n"
    )


def _unbroken(steps: Iterable[Iterable[str]]) -> Iterator[list[str]]:
    for cells in steps:
        yield [cell.replace("\n", "，") for cell in cells]


def spaced(code: str) -> str:
    """A code as people read it out: in groups."""
    return "-".join(code[begin : begin + 4] for begin in range(0, len(code), 4))


def _heading(page: "FPDF", paper: Paper) -> None:
    page.set_fill_color(*ACCENT)
    page.rect(0, 0, page.w, 6, style="F")
    page.set_xy(MARGIN, 22)
    _ink(page, 22)
    page.cell(WIDTH, 12, TITLE, align="C")
    page.set_xy(MARGIN, 36)
    _ink(page, 10, GREY)
    page.cell(WIDTH, 6, f"证明编号 {spaced(paper.code)}", align="C")


def _facts(page: "FPDF", paper: Paper) -> None:
    page.set_xy(MARGIN, 52)
    for name, fact in (
        ("回收旧物", paper.items),
        ("开具时间", _minute(paper.issued_at)),
        ("以旧换新", paper.purchase),
    ):
        _ink(page, 11, GREY)
        page.cell(26, 8, name)
        _ink(page, 11)
        page.multi_cell(WIDTH - 26, 8, fact, align="L", new_x="LMARGIN", new_y="NEXT")


def _steps(page: "FPDF", paper: Paper) -> None:
    from fpdf.fonts import FontFace

    page.ln(6)
    _ink(page, 9)
    page.set_draw_color(200, 200, 200)
    page.set_fill_color(255, 255, 255)
    with page.table(
        col_widths=COLUMNS,
        width=round(WIDTH),
        text_align="LEFT",
        line_height=6,
        padding=2,
        borders_layout="INTERNAL",
        headings_style=FontFace(color=GREY),
    ) as table:
        for cells in (HEADINGS, *paper.steps):
            row = table.row()
            for cell in cells:
                row.cell(cell)


def _foot(page: "FPDF", paper: Paper) -> None:
    from fpdf.enums import WrapMode

    if page.get_y() > page.h - FOOT:  # the names of enterprises are very long
        page.add_page()
    top = page.h - FOOT + 8
    _qr(page, paper.address, MARGIN, top)
    page.set_xy(MARGIN + QR_SIDE + 8, top + 2)
    _ink(page, 10)
    page.multi_cell(
        WIDTH - QR_SIDE - 8,
        7,
        "扫描左侧二维码，或打开下面的网址，任何人都可以核对这份证明是否由本平台出具、内容是否一致：\n"
        f"{paper.address}",
        align="L",
        wrapmode=WrapMode.CHAR,
    )
    page.set_xy(MARGIN, page.h - 24)
    _ink(page, 9, GREY)
    page.multi_cell(
        WIDTH,
        5,
        "本证明根据各经手单位交接时的登记开具，许可证号与有效期为交接当时的登记；不含个人信息。",
        align="L",
    )


def _qr(page: "FPDF", address: str, left: float, top: float) -> None:
    """Dark squares, drawn: sharp on any printer, and no picture in the file."""
    matrix = segno.make_qr(address, error="m").matrix
    side = QR_SIDE / len(matrix)
    page.set_fill_color(0, 0, 0)
    for down, row in enumerate(matrix):
        for along, dark in enumerate(row):
            if dark:
                page.rect(left + along * side, top + down * side, side, side, style="F")


def _ink(page: "FPDF", size: int, colour: tuple[int, int, int] = (0, 0, 0)) -> None:
    page.set_font(FONT, size=size)
    page.set_text_color(*colour)


def _step(handover: Handover) -> tuple[str, ...]:
    number, until = handover.licence_number, handover.licence_valid_until
    licence = f"{number}\n有效期至 {until:%Y-%m-%d}" if number and until else NO_LICENCE
    weighed = f"{_kilograms(handover.weight_grams)}\n{_minute(handover.done_at)}"
    return CALLED[handover.hand], handover.merchant.name, licence, weighed


def _purchase(bought: Redemption, categories: Categories) -> str:
    name, day = categories[bought.category].name, bought.redeemed_at.astimezone(SHANGHAI)
    return (
        f"{day:%Y-%m-%d} 在{bought.merchant.name}用消费券购买{name}，券号 {masked_code(bought.voucher.code)}"
    )


def _kilograms(grams: int) -> str:
    return f"{grams / 1000:.1f} 千克"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
