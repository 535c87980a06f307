"""Reads the fields of a policy file and, where one is wrong, says which file and which field."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class PackError(Exception):
    """A policy file cannot be read: the message names file and field."""


class Fields:
    """One table of a TOML file, read field by field; what is never asked for is an error."""

    def __init__(self, found: Mapping[str, Any], file: Path, place: str = "") -> None:
        self.file = file
        self._found = found
        self._place = place
        self._read: set[str] = set()

    @classmethod
    def of(cls, file: Path) -> Fields:
        """The whole of a file."""
        try:
            return cls(tomllib.loads(file.read_text(encoding="utf-8")), file)
        except FileNotFoundError:
            raise PackError(f"{file}: there is no such file") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
            raise PackError(f"{file}: {wrong}") from wrong

    def wrong(self, field: str, problem: str) -> PackError:
        """The error that says where."""
        return PackError(f"{self.file}: {self._place}{field}: {problem}")

    def has(self, field: str) -> bool:
        return field in self._found

    def text(self, field: str, default: str | None = None) -> str:
        return self._typed(field, str, "a text", default)

    def whole(self, field: str, default: int | None = None) -> int:
        number = self._typed(field, int, "a whole number", default)
        if isinstance(number, bool):
            raise self.wrong(field, "must be a whole number")
        return number

    def yes(self, field: str) -> bool:
        """A flag; absent means no."""
        return self._typed(field, bool, "true or false", False)

    def day(self, field: str) -> date:
        return self._typed(field, date, "a date", None)

    def day_or_none(self, field: str) -> date | None:
        return self.day(field) if self.has(field) else None

    def hour(self, field: str) -> time:
        return self._typed(field, time, "a time of day", None)

    def texts(self, field: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        return self._several(field, str, "a list of texts", default)

    def wholes(self, field: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        return self._several(field, int, "a list of whole numbers", default)

    def tables(self, field: str) -> list[Fields]:
        """The tables `[[field]]`, none where the file has none."""
        found = self._typed(field, list, "a list of tables", [])
        if not all(isinstance(each, dict) for each in found):
            raise self.wrong(field, "must be a list of tables")
        return [
            Fields(each, self.file, f"{self._place}{field}[{number}].")
            for number, each in enumerate(found, start=1)
        ]

    def table(self, field: str) -> Fields:
        """The table `[field]`, empty where the file has none."""
        return Fields(self._typed(field, dict, "a table", {}), self.file, f"{self._place}{field}.")

    def names(self) -> list[str]:
        """Every field that stands here."""
        return list(self._found)

    def done(self) -> None:
        """Nothing unknown may stand here: a misspelt field would otherwise be silently lost."""
        for field in self._found:
            if field not in self._read:
                raise self.wrong(field, "is not a known field")

    def _typed(self, field: str, kind: type[T], says: str, default: T | None) -> T:
        self._read.add(field)
        if field not in self._found:
            if default is None:
                raise self.wrong(field, "is missing")
            return default
        value = self._found[field]
        if not isinstance(value, kind):
            raise self.wrong(field, f"must be {says}")
        if isinstance(value, str) and not value.strip() and default != "":
            raise self.wrong(field, "is empty")
        return value

    def _several(self, field: str, kind: type[T], says: str, default: tuple[T, ...] | None) -> tuple[T, ...]:
        found: Iterable[object] = self._typed(field, list, says, None if default is None else list(default))
        values = tuple(found)
        if not all(isinstance(each, kind) and not isinstance(each, bool) for each in values):
            raise self.wrong(field, f"must be {says}")
        return values  # type: ignore[return-value]
