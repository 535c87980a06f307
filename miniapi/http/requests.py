"""Reading a request: JSON bodies and query parameters, checked against a model."""

import re
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Annotated, Any, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from sanic import HTTPResponse, Request

from miniapi.http.described import Handler, describe
from miniapi.http.errors import BadJson, InvalidRequest, WrongField

Model = TypeVar("Model", bound=BaseModel)

A_MOMENT = "应为带时区的时间，例如 2024-09-16T10:00:00+08:00"
PROBLEMS = {
    "missing": "缺少这个字段",
    "extra_forbidden": "没有这个字段",
    "string_type": "应为文字",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_type": "应为 true 或 false",
    "list_type": "应为列表",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "uuid_parsing": "应为 UUID",
    "uuid_type": "应为 UUID",
    "string_too_short": "太短，至少 {min_length} 个字符",
    "string_too_long": "太长，最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不对",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "greater_than": "必须大于 {gt}",
    "value_error": "{error}",
    "literal_error": "应为 {expected}",
    "enum": "应为 {expected}",
    "date_from_datetime_parsing": "应为日期，例如 2024-09-01",
    "date_parsing": "应为日期，例如 2024-09-01",
    "datetime_from_date_parsing": A_MOMENT,
    "datetime_parsing": A_MOMENT,
    "timezone_aware": A_MOMENT,
}


def _written_as_a_moment(value: Any) -> Any:
    """A number, within quotes too, would be read as seconds since 1970."""
    if not isinstance(value, str) or re.match(r"\d{4}-\d\d-\d\d[Tt]", value) is None:
        raise ValueError(A_MOMENT)
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_as_a_moment)]

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)  # what a calendar can show
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY, json_schema_extra={"pattern": "^20[0-9]{2}-"})]


class _Asked(BaseModel):
    """What every request has in common."""

    @field_validator("*")
    @classmethod
    def can_be_kept(cls, value: Any) -> Any:
        """PostgreSQL keeps every character but one."""
        if isinstance(value, str) and "\0" in value:
            raise ValueError("不能含有空字符 U+0000")
        return value


class Body(_Asked):
    """A JSON body: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)


class Query(_Asked):
    """Query parameters: text that is read as what the field says."""

    model_config = ConfigDict(extra="forbid")


def body(model: type[Body]) -> Callable[[Handler], Handler]:
    """Give the handler its JSON body as `body`. Raises BadJson, InvalidRequest."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def with_body(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
            return await handler(request, *args, body=read_body(request, model), **kwargs)

        describe(with_body, body=model)
        return with_body

    return decorate


def query(model: type[Query]) -> Callable[[Handler], Handler]:
    """Give the handler its query parameters as `query`. Raises InvalidRequest."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def with_query(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
            given = {name: values[-1] for name, values in request.get_args(keep_blank_values=True).items()}
            return await handler(request, *args, query=checked(model.model_validate, given), **kwargs)

        describe(with_query, query=model)
        return with_query

    return decorate


def read_body(request: Request, model: type[Model]) -> Model:
    """The request's JSON as the model. Raises BadJson, InvalidRequest."""
    return checked(model.model_validate_json, request.body or b"{}")


def checked(validate: Callable[[Any], Model], given: Any) -> Model:
    """What the validation gives. Raises BadJson, or InvalidRequest naming every field that is wrong."""
    try:
        return validate(given)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False)
    if errors[0]["type"] == "json_invalid":
        raise BadJson()
    raise InvalidRequest(errors=[_named(error) for error in errors])


def _named(error: Any) -> WrongField:
    field = ".".join(str(part) for part in error["loc"]) or "body"
    sentence = PROBLEMS.get(error["type"])
    return {"field": field, "problem": sentence.format(**error.get("ctx", {})) if sentence else error["msg"]}
