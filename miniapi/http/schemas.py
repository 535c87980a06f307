"""Types as OpenAPI 3.0 writes them down."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter

from miniapi.errors import Refusal
from miniapi.http.answers import CitationJson
from miniapi.http.errors import WrongField

TEXT = {"type": "string"}
PROBLEM = "Problem"


@cache  # what it gives is only read
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of what is taken: no references, `nullable` instead of a type null."""
    written = _written_out(model.model_json_schema())
    return _stripped(written) if model.model_config.get("str_strip_whitespace") else written


@cache
def schema_of_answer(shape: Any) -> dict[str, Any]:
    """The JSON schema of what is answered: these members, and no others."""
    exact: dict[str, Any] = _exact(_written_out(TypeAdapter(shape).json_schema(mode="serialization")))
    return exact


def problem_schema() -> dict[str, Any]:
    """What every refusal looks like (RFC 9457); the facts of each are further members."""
    return {
        "type": "object",
        "required": ["type", "code", "status", "title"],
        "properties": {
            "type": TEXT,
            "code": TEXT,
            "status": {"type": "integer"},
            "title": TEXT,
            "errors": schema_of_answer(list[WrongField]),
            "citations": schema_of_answer(list[CitationJson]),
            "retry_after": {"type": "integer"},
        },
    }


def refusal_schema(refusals: Sequence[type[Refusal]], status: int) -> dict[str, Any]:
    """A problem that is one of these refusals."""
    codes = sorted({refusal.code for refusal in refusals})
    one_of_them = {
        "type": {"type": "string", "enum": [f"/problems/{code}" for code in codes]},
        "code": {"type": "string", "enum": codes},
        "status": {"type": "integer", "enum": [status]},
    }
    return {
        "allOf": [{"$ref": f"#/components/schemas/{PROBLEM}"}, {"type": "object", "properties": one_of_them}]
    }


def _written_out(schema: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = _inlined(schema, schema.get("$defs", {}))
    return written


def _inlined(schema: Any, named: dict[str, Any]) -> Any:
    match schema:
        case {"$ref": str(reference), **rest}:
            return {**_inlined(named[reference.rpartition("/")[2]], named), **_inlined(rest, named)}
        case {"anyOf": [inner, {"type": "null"}], **rest}:
            return _or_null({**_inlined(rest, named), **_inlined(inner, named)})
        case {"const": only, **rest}:
            return {**_inlined(rest, named), "enum": [only]}
        case dict():
            kept = {
                key: value for key, value in schema.items() if key != "$defs" and not _is_title(key, value)
            }
            return {key: _inlined(value, named) for key, value in kept.items()}
        case list():
            return [_inlined(value, named) for value in schema]
    return schema


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    listed = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, **listed, "nullable": True}


def _stripped(schema: Any) -> Any:
    """Texts whose length counts without the space around them."""
    match schema:
        case {"type": "string", "minLength": int(least)} if least and "pattern" not in schema:
            return {**schema, "pattern": r"\S" if least == 1 else rf"\S[\s\S]{{{least - 2},}}\S"}
        case dict():
            return {key: _stripped(value) for key, value in schema.items()}
        case list():
            return [_stripped(value) for value in schema]
    return schema


def _exact(schema: Any) -> Any:
    match schema:
        case {"properties": dict()} as known:
            return {"additionalProperties": False, **{key: _exact(value) for key, value in known.items()}}
        case dict():
            return {key: _exact(value) for key, value in schema.items()}
        case list():
            return [_exact(value) for value in schema]
    return schema


def _is_title(key: str, value: Any) -> bool:
    """A title made from a field's name says nothing; a field that is called title is none."""
    return key == "title" and isinstance(value, str)
