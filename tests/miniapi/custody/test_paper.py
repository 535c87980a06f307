"""The certificate on paper: what stands there in Chinese, and a QR code that leads to the answer."""

import io
import re
from dataclasses import replace
from datetime import datetime

import pypdf
import segno

from miniapi.clock import SHANGHAI
from miniapi.custody.paper import QR_SIDE, TITLE, Paper, drawn, in_words, spaced

CODE = "MFRGGZDFMZTWQ2LKNNWG23TPOB"
MILLIMETRE = 72 / 25.4  # in points
PAPER = Paper(
    code=CODE,
    address=f"http://127.0.0.1:8000/c/{CODE}",
    issued_at=datetime(2024, 9, 20, 10, 5, tzinfo=SHANGHAI),
    items="冰箱、洗衣机",
    steps=(
        ("上门回收", "示例再生资源公司", "示例回备1号\n有效期至 2027-12-31", "60.2 千克\n2024-09-18 09:40"),
        ("回收站接收", "示例再生资源公司", "示例回备1号\n有效期至 2027-12-31", "60.0 千克\n2024-09-18 17:20"),
        ("拆解处理", "示例拆解公司", "示例拆解7号\n有效期至 2027-12-31", "59.8 千克\n2024-09-20 10:05"),
    ),
    purchase="2024-09-10 在示例家电城用消费券购买冰箱，券号 ****AB12",
)


def read(content):
    """The last page of a PDF, and the text of all without a space."""
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return pages[-1], re.sub(r"[\s\0]", "", "".join(page.extract_text() for page in pages))


def squares_of(page):
    """The rows of the QR code, from the squares that are drawn on a page."""
    drawing = page.get_contents().get_data().decode("latin-1")
    side = QR_SIDE * MILLIMETRE / len(segno.make_qr(PAPER.address, error="m").matrix)
    found = [
        (float(x), float(y))
        for x, y, width in re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) -[\d.]+ re f", drawing)
        if abs(float(width) - side) < 0.02
    ]
    left, top = min(x for x, _ in found), max(y for _, y in found)
    dark = {(round((top - y) / side), round((x - left) / side)) for x, y in found}
    size = max(max(place) for place in dark) + 1
    return [[int((down, along) in dark) for along in range(size)] for down in range(size)]


def test_says_what_became_of_the_old_things():
    _, told = read(drawn(PAPER))

    for line in (TITLE, spaced(CODE), PAPER.items, PAPER.purchase, PAPER.address, "示例拆解7号", "59.8千克"):
        assert re.sub(r"\s", "", line) in told


def test_its_qr_code_leads_to_the_answer():
    page, _ = read(drawn(PAPER))

    wanted = segno.make_qr(PAPER.address, error="m").matrix
    assert squares_of(page) == [list(row) for row in wanted]


def test_the_chinese_letters_come_along():
    page, _ = read(drawn(PAPER))

    (font,) = page["/Resources"]["/Font"].values()
    descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
    assert any(key.startswith("/FontFile") for key in descriptor)


def test_is_the_same_whenever_it_is_printed():
    assert drawn(PAPER) == drawn(PAPER)


def test_the_longest_names_leave_room_for_the_code():
    long = tuple(
        (step, "示" * 100, f"{'许' * 60}\n有效期至 2027-12-31", weighed)
        for step, _, _, weighed in PAPER.steps
    )
    page, told = read(drawn(replace(PAPER, steps=long, items="、".join(["洗衣机"] * 10))))

    assert "59.8千克" in told
    assert len(squares_of(page)) == len(segno.make_qr(PAPER.address, error="m").matrix)


def test_is_read_on_a_telephone_line_by_line():
    lines = in_words(PAPER).splitlines()

    assert lines[0] == "核验通过：这份证明由本平台出具。"
    assert "· 拆解处理，示例拆解公司，示例拆解7号，有效期至 2027-12-31，59.8 千克，2024-09-20 10:05" in lines
