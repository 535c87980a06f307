import io

from tests.factories.people import a_resident

UNREADABLE = (
    b"{",
    b'{"text": }',
    b"\xff\xfe\x00",
    b'{"text": "\xff"}',
    '{"text": "你好"}'.encode("utf-16"),
    b"\xef\xbb\xbf{}",
    b'{"text": "\\ud800"}',
    b'{"nested": ' + b"[" * 300 + b"]" * 300 + b"}",
    b"[" * 100_000,
    b'{"long": ' + b"1" * 10_000,
)
WRONG_QUERIES = {
    "": ["region"],
    "?region=": ["region"],
    "?region=yangling&limit=0": ["limit"],
    "?region=yangling&limit=101": ["limit"],
    "?region=yangling&limit=many": ["limit"],
    "?region=yangling&cursor=abc": ["cursor"],
    "?region=yangling&date=2024-13-01": ["date"],
    "?region=yangling&date=0001-01-01": ["date"],
    "?region=yangling&date=9999-12-31": ["date"],
    "?region=yangling&district=%00": ["district"],
    "?region=yangling&colour=red&date=soon": ["date", "colour"],
}


def wrong(answer):
    """The fields a 422 names, each with what is wrong."""
    assert (answer.status, answer.json["code"]) == (422, "invalid_request"), answer.json
    return {one["field"]: one["problem"] for one in answer.json["errors"]}


class TestBody:
    async def test_says_so_when_nobody_can_read_it(self, web):
        answers = {raw[:20]: await web.post("/chat", raw=raw) for raw in UNREADABLE}

        assert {raw: (answer.status, answer.json["code"]) for raw, answer in answers.items()} == {
            raw[:20]: (400, "bad_json") for raw in UNREADABLE
        }

    async def test_must_be_an_object(self, web):
        for raw in (b"[]", b'[{"text": "hi"}]', b"null", b'"text"', b"7"):
            assert wrong(await web.post("/chat", raw=raw)) == {"body": "应为对象"}

    async def test_names_every_field_that_is_wrong_at_once(self, web):
        answer = await web.post(
            "/quotes", region=7, items=[{"category": "tv", "price_fen": "100"}, {"price": 1}], colour="red"
        )

        assert wrong(answer) == {
            "region": "应为文字",
            "items.0.price_fen": "应为整数",
            "items.1.category": "缺少这个字段",
            "items.1.price_fen": "缺少这个字段",
            "items.1.price": "没有这个字段",
            "colour": "没有这个字段",
        }

    async def test_converts_nothing(self, web):
        for price in (1.5, "5200", True, None, 0, -1, 100_000_001, float("nan")):
            items = [{"category": "tv", "price_fen": price}]

            answer = await web.post("/quotes", region="yangling", items=items)

            assert list(wrong(answer)) == ["items.0.price_fen"], price

    async def test_no_body_is_an_empty_object(self, web):
        assert wrong(await web.post("/chat")) == {"text": "缺少这个字段"}

    async def test_a_field_given_twice_counts_as_the_last(self, web):
        answer = await web.post("/chat", raw=b'{"text": "", "text": "\xe4\xbd\xa0\xe5\xa5\xbd"}')

        assert answer.status == 200

    async def test_what_the_database_cannot_keep_is_said_before(self, web, noon):
        answer = await web.post(
            "/pickups",
            by=await a_resident(noon),
            slot="01912345-0000-7000-8000-000000000000",
            items=[{"category": "tv", "note": "a\0b"}],
            address={"district": "杨陵区", "street": "示例路 8 号"},
        )

        assert wrong(answer) == {"items.0.note": "不能含有空字符 U+0000"}

    async def test_over_a_mebibyte_is_too_large(self, web):
        async def in_pieces():
            for _ in range(17):
                yield b" " * 64 * 1024

        for raw in (io.BytesIO(b" " * (1024 * 1024 + 1)), in_pieces()):
            answer = await web.post("/chat", raw=raw)

            assert (answer.status, answer.json["code"]) == (413, "too_large")
        whole = b'{"text": "' + b"a" * (1024 * 1024 - 12) + b'"}'
        assert (await web.post("/chat", raw=io.BytesIO(whole))).json["code"] == "text_invalid"

    async def test_who_is_calling_comes_before_what_is_said(self, web):
        answer = await web.post("/reminders", raw=b"{")

        assert answer.status == 401


class TestQuery:
    async def test_names_the_parameter_that_is_wrong(self, web):
        for query, fields in WRONG_QUERIES.items():
            assert list(wrong(await web.get(f"/pickups/slots{query}"))) == fields, query

    async def test_speaks_chinese(self, web):
        answer = await web.get("/pickups/slots?region=yangling&limit=0&date=x")

        assert wrong(answer) == {"date": "应为日期，例如 2024-09-01", "limit": "不能小于 1"}

    async def test_bytes_that_are_no_text_find_nothing(self, web):
        answer = await web.get("/pickups/slots?region=yangling&district=%ff")

        assert (answer.status, answer.json["items"]) == (200, [])
