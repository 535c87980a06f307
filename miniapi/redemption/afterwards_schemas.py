"""What a shop says when goods come back, are exchanged, or cost less than was written down."""

from typing import Annotated

from pydantic import Field

from miniapi.http.requests import Body
from miniapi.money import Fen
from miniapi.redemption import rules
from miniapi.redemption.correcting import Goods, Price
from miniapi.redemption.schemas import Brand, InvoiceFen, ModelName, Number
from miniapi.subsidies.schemas import Price as PriceFen

Why = Annotated[str, Field(min_length=1, max_length=100)]  # kept for ever


class Refund(Body):
    """Why the goods came back."""

    reason: Why


class Correct(Body):
    """The price that was really agreed, subsidy included, what the invoice says now, and why."""

    price_fen: PriceFen
    invoice_fen: InvoiceFen
    reason: Why

    @property
    def price(self) -> Price:
        """The same in our terms."""
        return Price(Fen(self.price_fen), Fen(self.invoice_fen))


class Exchange(Body):
    """What is handed out instead, as its nameplate says, and why."""

    brand: Brand
    model: ModelName
    serial_number: Number
    reason: Why

    @property
    def goods(self) -> Goods:
        """The same in our terms."""
        return Goods(self.brand, self.model, rules.plain_number(self.serial_number))
