"""The API's own description, and whether an answer is one that it promises."""

import re
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
from sanic import Sanic
from sanic_ext.extensions.openapi.builders import SpecificationBuilder

PROBLEM = {"$ref": "#/components/schemas/Problem"}
UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class Document:
    """The OpenAPI document, ready to judge answers."""

    def __init__(self, written: dict[str, Any]) -> None:
        self.written = written
        self.routes = sorted(
            ((self._pattern(path), path) for path in written["paths"]), key=lambda pair: pair[1].count("{")
        )
        self._validators: dict[Any, Any] = {}

    def check(self, method: str, address: str, status: int, headers: Any, body: Any) -> None:
        """Fail, with what is wrong, where an answer is not one that the document promises."""
        told = f"{method} {address} {status} {body!r:.300}"
        path = self.path_of(address)
        if path is None or method.lower() not in self.written["paths"][path]:
            assert status >= 400 or method in ("HEAD", "OPTIONS"), f"undocumented: {told}"
            return
        assert "X-Request-ID" in headers, told
        if status == 500:  # our own fault: never promised, and a problem all the same
            self._valid(None, PROBLEM, body, told)
            return
        answers = self.written["paths"][path][method.lower()]["responses"]
        assert str(status) in answers, f"undocumented status: {told}"
        content = answers[str(status)].get("content", {})
        if not content:
            assert body in (None, b""), f"a body where none is documented: {told}"
            return
        kind = headers["Content-Type"].partition(";")[0]
        assert kind in content, f"undocumented content type {kind}: {told}"
        if kind.endswith("json"):
            self._valid((path, method, status), content[kind]["schema"], body, told)
        if status in (429, 503):
            assert int(headers["Retry-After"]) > 0, told

    def path_of(self, address: str) -> str | None:
        """The documented path that an address belongs to."""
        asked = urlsplit(address).path
        return next((path for pattern, path in self.routes if pattern.fullmatch(asked)), None)

    def _pattern(self, path: str) -> re.Pattern[str]:
        parameters = {
            one["name"]: one["schema"]
            for operation in self.written["paths"][path].values()
            for one in operation.get("parameters", ())
            if one["in"] == "path"
        }
        parts = re.split(r"\{(\w+)\}", path)
        for at in range(1, len(parts), 2):
            parts[at] = UUID if parameters[parts[at]].get("format") == "uuid" else "[^/]+"
        return re.compile("".join(parts))

    def _valid(self, key: Any, schema: dict[str, Any], body: Any, told: str) -> None:
        if key not in self._validators:
            whole = {**_with_nulls(schema), "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        wrong = [
            f"{'.'.join(map(str, error.instance_path))}: {error.message}"
            for error in self._validators[key].iter_errors(body)
        ]
        assert not wrong, f"{told}: {wrong}"

    @cached_property
    def _components(self) -> Any:
        return _with_nulls(self.written["components"])


def document_of(app: Sanic) -> Document:
    """What an application that has started says of itself; those with the same routes say the same."""
    routes = frozenset((route.path, *sorted(route.methods)) for route in app.router.routes)
    if routes not in _documents:
        _documents[routes] = Document(SpecificationBuilder().build(app).serialize())
    return _documents[routes]


_documents: dict[frozenset[Any], Document] = {}


def _with_nulls(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON schema says it."""
    match schema:
        case {"nullable": True, **rest}:
            return {"anyOf": [_with_nulls(rest), {"type": "null"}]}
        case dict():
            return {key: _with_nulls(value) for key, value in schema.items()}
        case list():
            return [_with_nulls(value) for value in schema]
    return schema
