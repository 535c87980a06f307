"""The JSON of quotes."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from faq.categories import Categories, Category
from miniapi.http.requests import Body
from miniapi.money import Fen
from miniapi.subsidies.errors import CategoryUnknown
from miniapi.subsidies.queries import Quote
from miniapi.subsidies.rules import Item

CategoryName = Annotated[str, Field(min_length=1, max_length=32)]
Grade = Annotated[int, Field(ge=1, le=5)]
Price = Annotated[int, Field(ge=1, le=100_000_000)]


class PricedItem(Body):
    """One thing to buy: a category by key or Chinese name, its deal price in fen."""

    category: CategoryName
    price_fen: Price
    energy_grade: Grade | None = None
    trade_in_category: CategoryName | None = None


class AskQuote(Body):
    """A purchase of one or more things in one region."""

    region: Annotated[str, Field(min_length=1, max_length=32)]
    items: Annotated[list[PricedItem], Field(min_length=1, max_length=20)]

    def understood(self, categories: Categories) -> list[Item]:
        """The items with their categories. Raises CategoryUnknown."""
        for item in self.items:
            if item.trade_in_category is not None:
                category_named(categories, item.trade_in_category)
        return [
            Item(category_named(categories, item.category), Fen(item.price_fen), item.energy_grade)
            for item in self.items
        ]


def category_named(categories: Categories, text: str) -> Category:
    """A category by its key, name or synonym. Raises CategoryUnknown."""
    if (found := categories.named(text)) is None:
        raise CategoryUnknown(category=text)
    return found


def quote_json(quote: Quote) -> dict[str, Any]:
    """What each item gets, and why."""
    citation = asdict(quote.citation)
    return {
        "items": [
            {
                "category": quoted.item.category.key,
                "category_name": quoted.item.category.name,
                "price_fen": quoted.item.price,
                "subsidy_fen": quoted.subsidy,
                "steps": [{"text": step, "citation": citation} for step in quoted.steps],
            }
            for quoted in quote.items
        ],
        "total_subsidy_fen": quote.total,
        "notes": [{"text": text, "citation": asdict(cited)} for text, cited in quote.notes],
    }
