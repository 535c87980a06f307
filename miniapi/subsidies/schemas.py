"""The JSON of quotes."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from faq.categories import Categories
from miniapi.categories import CategoryName, category_named
from miniapi.http.answers import CitationJson, citation_json
from miniapi.http.regions import RegionName
from miniapi.http.requests import Body
from miniapi.money import Fen
from miniapi.subsidies.queries import Quote
from miniapi.subsidies.rules import Item

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

    region: RegionName
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


class StepJson(TypedDict):
    """One sentence of a calculation, and the clause it rests on."""

    text: str
    citation: CitationJson


class QuotedItemJson(TypedDict):
    """What one thing gets, step by step."""

    category: str
    category_name: str
    price_fen: Fen
    subsidy_fen: Fen
    steps: list[StepJson]


class QuoteJson(TypedDict):
    """What a purchase gets; notes say what it depends on."""

    items: list[QuotedItemJson]
    total_subsidy_fen: Fen
    notes: list[StepJson]


def quote_json(quote: Quote) -> QuoteJson:
    """What each item gets, and why."""
    citation = citation_json(quote.citation)
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
        "notes": [{"text": text, "citation": citation_json(cited)} for text, cited in quote.notes],
    }
