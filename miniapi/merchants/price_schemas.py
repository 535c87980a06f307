"""The JSON of a recycler's prices."""

from typing_extensions import TypedDict

from miniapi.http.answers import Id, Time, written
from miniapi.merchants.pricing import Prices


class PricesJson(TypedDict):
    """A table of prices that holds: since when, and how many rows it has."""

    id: Id
    merchant: Id
    merchant_name: str
    valid_from: Time
    rows: int


def prices_json(prices: Prices) -> PricesJson:
    """A table of prices, without its rows."""
    return {
        "id": str(prices.id),
        "merchant": str(prices.merchant.id),
        "merchant_name": prices.merchant.name,
        "valid_from": written(prices.valid_from),
        "rows": len(prices.rows),
    }
