"""Money is whole fen. Every rounding is here."""

from typing import NewType

Fen = NewType("Fen", int)


def from_yuan(yuan: int) -> Fen:
    """Whole yuan, as policy files write them, in fen."""
    return Fen(yuan * 100)


def percent_of(price: Fen, percent: int) -> Fen:
    """A share of a price, rounded down to the fen: the subsidy never exceeds the promised share."""
    return Fen(price * percent // 100)


def part_of(amount: Fen, parts: int, whole: int) -> Fen:
    """So many parts of a whole, rounded down to the fen: what is left over is somebody else's part."""
    return Fen(amount * parts // whole)


def in_yuan(amount: int) -> str:
    """As people write it: 299.9, 520, never 520.00."""
    yuan, fen = divmod(amount, 100)
    return f"{yuan}.{fen:02d}".rstrip("0").rstrip(".") if fen else str(yuan)
