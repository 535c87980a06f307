from miniapi import clock

RULES = ("phase", "subsidy", "calendar", "fund", "readiness", "counter")


async def test_the_clock_tells_milliseconds_and_its_offset(web, noon):
    clock.stand_still(noon.replace(microsecond=123_456))

    answer = await web.get("/clock")

    assert (answer.status, answer.json) == (200, {"now": "2024-09-01T12:00:00.123+08:00"})


async def test_five_regions_have_documents(web):
    answer = await web.get("/regions")

    assert answer.json["next_cursor"] is None
    regions = {one["region"]: one for one in answer.json["items"]}
    assert set(regions) == {"jining", "qingzhou", "chongqing", "liaoning", "yangling"}
    assert [name for name, one in regions.items() if one["executable"]] == ["yangling"]


async def test_every_rule_names_its_clause(web):
    programme = (await web.get("/regions/yangling/programme")).json

    assert (programme["phase"], programme["stage"]) == ("open", "final")
    subsidy, calendar, fund = programme["subsidy"], programme["calendar"], programme["fund"]
    assert (subsidy["percent"], subsidy["item_cap_fen"], subsidy["person_cap_fen"]) == (10, 100_000, 300_000)
    assert {"category": "fridge", "category_name": "冰箱"} in subsidy["categories"]
    assert (calendar["drop_time"], calendar["drop_days"]) == ("10:00", [1, 16])
    assert [one["opens_at"][:10] for one in calendar["drops"]] == [
        "2024-08-16",
        "2024-09-01",
        "2024-09-16",
        "2024-10-01",
    ]
    assert calendar["next_drop_at"] == "2024-09-16T10:00:00+08:00"
    assert fund["total_fen"] == 47_500_000
    readiness = programme["readiness"]
    assert (readiness["sellers_at_least"], readiness["recyclers_at_least"]) == (5, 3)
    counter = programme["counter"]
    assert (counter["old_unit_declared"], counter["invoice_mismatch"]) == (True, "flag")
    assert (counter["refund_days"], counter["quota_used_up"]) == (None, False)
    cited = [one["citation"] for one in (subsidy, calendar, fund, readiness, counter)]
    assert [(one["clause"], one["status"]) for one in cited] == [
        ("细则三", "in_force"),
        ("细则四（一）", "in_force"),
        ("细则三", "in_force"),
        ("细则五（一）", "in_force"),
        ("细则三", "in_force"),
    ]
    assert all(one.keys() == {"region", "document", "clause", "heading", "status"} for one in cited)


async def test_where_nothing_is_fixed_nothing_is_said(web):
    programme = (await web.get("/regions/jining/programme")).json

    assert [programme[name] for name in RULES] == [None] * len(RULES)


async def test_an_unknown_region_in_a_path_is_not_found(web):
    for region in ("atlantis", "Yangling", "%00", "%ff"):
        answer = await web.get(f"/regions/{region}/programme")

        assert (answer.status, answer.json["code"]) == (404, "region_unknown")
