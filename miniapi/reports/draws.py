"""The audit of draws: each is drawn again, from what was published of it and stands in the audit log."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import asyncpg

from miniapi.drops import lottery_rules

RULE = "(rule: a draw is what anyone can draw again from its seed and its entries)"
FIXED = """
    SELECT id, seed_commitment, entries_digest, seed FROM "drop" WHERE entries_digest IS NOT NULL ORDER BY id
"""
ENTRIES = """
    SELECT g.id, g.place, coalesce(g.won, false) AS won, v.rank
    FROM registration g LEFT JOIN voucher v ON v.drop_id = g.drop_id AND v.person_id = g.person_id
    WHERE g.drop_id = $1 AND g.withdrawn_at IS NULL ORDER BY g.place, g.id
"""


ON_RECORD = "SELECT after FROM audit_event WHERE subject = $1 AND after IS NOT NULL ORDER BY seq"
PUBLISHED = {"commitment": "seed_commitment", "entries_digest": "entries_digest", "seed": "seed"}


async def wrong_draws(connection: asyncpg.Connection) -> AsyncIterator[str]:
    """Everything that is wrong with a draw, one line each, naming the drop. Inside a transaction."""
    for drop in await connection.fetch(FIXED):
        entries = await connection.fetch(ENTRIES, drop["id"])
        events = await connection.fetch(ON_RECORD, f"drop:{drop['id']}")
        for trouble in (*_in_itself(drop, entries), *_against_the_record(drop, events)):
            yield f"drop {drop['id']}: {trouble} {RULE}"


def _in_itself(drop: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with one draw, in words; `entries` come in the order of their places."""
    ids, places = [entry["id"] for entry in entries], [entry["place"] for entry in entries]
    if lottery_rules.digest(ids) != drop["entries_digest"]:
        yield "its entries are not those that were fixed"
    if drop["seed"] is None:
        return
    if lottery_rules.commitment(drop["seed"]) != drop["seed_commitment"]:
        yield "its seed is not the one that was committed to"
    if lottery_rules.ranking(drop["seed"], ids) != ids or places != [*range(1, len(ids) + 1)]:
        yield "its places are not in the order of the draw"
    if [entry["won"] for entry in entries] != [entry["rank"] is not None for entry in entries]:
        yield "who won is not who has a voucher"
    ranks = [entry["rank"] for entry in entries if entry["rank"] is not None]
    if ranks != sorted(ranks):
        yield "its vouchers are not ranked in the order of the places"


def _against_the_record(drop: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What was published of a draw at its time, and is something else now."""
    said = [json.loads(event["after"]) for event in events]
    for name, column in PUBLISHED.items():
        if any(name in one and one[name] != drop[column] for one in said):
            yield f"its {name} is not the one in the audit log"
