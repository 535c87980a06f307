"""Models as OpenAPI 3.0 writes them down."""

from typing import Any

from pydantic import BaseModel

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; a refusal may carry more members, `errors` and `citations` among them",
    "required": ["type", "code", "status", "title"],
    "properties": {
        "type": {"type": "string", "example": "/problems/not_found"},
        "code": {"type": "string", "example": "not_found"},
        "status": {"type": "integer", "example": 404},
        "title": {"type": "string", "example": "没有找到。"},
    },
}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model, whole in itself: no references, `nullable` instead of a type null."""
    whole = model.model_json_schema()
    found: dict[str, Any] = _inlined(whole, whole.get("$defs", {}))
    return found


def _inlined(schema: Any, named: dict[str, Any]) -> Any:
    match schema:
        case {"$ref": str(reference), **rest}:
            return {**_inlined(named[reference.rpartition("/")[2]], named), **_inlined(rest, named)}
        case {"anyOf": [inner, {"type": "null"}], **rest}:
            return {**_inlined(rest, named), **_inlined(inner, named), "nullable": True}
        case dict():
            kept = {
                key: value for key, value in schema.items() if key != "$defs" and not _is_title(key, value)
            }
            return {key: _inlined(value, named) for key, value in kept.items()}
        case list():
            return [_inlined(value, named) for value in schema]
    return schema


def _is_title(key: str, value: Any) -> bool:
    """A title made from a field's name says nothing; a field that is called title is none."""
    return key == "title" and isinstance(value, str)
