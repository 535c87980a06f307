"""Categories as requests and tables name them: by key, by Chinese name or by what people say."""

from typing import Annotated

from pydantic import Field

from faq.categories import Categories, Category
from miniapi.errors import Invalid

CategoryName = Annotated[
    str, Field(min_length=1, max_length=32, json_schema_extra={"format": "category", "example": "fridge"})
]


class CategoryUnknown(Invalid):
    code = "category_unknown"
    sentence = "没有“{category}”这个品类。"


def category_named(categories: Categories, text: str) -> Category:
    """A category by its key, name or synonym. Raises CategoryUnknown."""
    if (found := categories.named(text)) is None:
        raise CategoryUnknown(category=text)
    return found
