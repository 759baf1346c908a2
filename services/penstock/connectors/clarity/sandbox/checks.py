"""Checks of requests: bodies against their models, If-Match, keys, numbers. One detail per fault, as 3.6 says."""

import re
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from penstock.connectors.clarity.sandbox.answers import ApiError, Json, detail
from penstock.connectors.clarity.sandbox.store import Doc, epoch

M = TypeVar("M", bound=BaseModel)

_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,4})?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown",
    "literal_error": "choice",
    "string_too_short": "min",
    "too_short": "min",
    "too_long": "max",
}
_MESSAGES = {"missing": "is required", "extra_forbidden": "is not known here"}


class Body(BaseModel):
    """Members not named are refused; a string is no number. Named in lowerCamelCase on the wire."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


def _decimal(text: str) -> str:
    if not _AMOUNT.fullmatch(text):
        raise PydanticCustomError("format", "must be a decimal string with up to 4 places, such as 12.50")
    return text


def _signed(text: str) -> str:
    _decimal(text.removeprefix("-"))
    return text


def _positive(text: str) -> str:
    if Decimal(_decimal(text)) == 0:
        raise PydanticCustomError("min", "must be > 0")
    return text


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise PydanticCustomError("format", "must be a time in UTC, such as 2025-03-04T15:05:02Z")
    try:
        epoch(text)
    except ValueError as error:
        raise PydanticCustomError("format", "is no time of the calendar") from error
    return text


Text = Annotated[str, StringConstraints(min_length=1)]
Number = Annotated[str, AfterValidator(_decimal)]
Signed = Annotated[str, AfterValidator(_signed)]
Positive = Annotated[str, AfterValidator(_positive)]
Time = Annotated[str, AfterValidator(_time)]


def parse_object(raw: bytes) -> Json:
    """400 unless the body is a JSON object."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "bad_request", f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ApiError(400, "bad_request", "the body must be a JSON object")
    return value


def checked(model: type[M], value: Any) -> M:
    """The body as its model. ApiError 422 with one detail for each fault."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = [
            detail(_path(fault["loc"]), _CODES.get(fault["type"], _own(fault["type"])), _message(fault))
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        text = "; ".join(f"{one['field']}: {one['message']}" for one in details[:3])
        raise ApiError(422, "validation_failed", text, details) from error


def if_match(header: str | None, *, required: bool) -> int | None:
    """The version that If-Match names; None for `*` and where it may be absent. 428 absent, 400 malformed."""
    if header is None:
        if required:
            raise ApiError(428, "precondition_required", 'If-Match is required: the ETag you have read, or "*"')
        return None
    if header.strip() == "*":
        return None
    found = re.fullmatch(r'\s*"(\d{1,18})"\s*', header, re.ASCII)
    if found is None:
        raise ApiError(400, "bad_request", f'If-Match must be an ETag such as "7" or *, not {header!r}')
    return int(found[1])


def check_version(doc: Doc, *known: int | None) -> None:
    """412 when one of the versions that the client knows is not the document's."""
    for version in known:
        if version is not None and version != doc["version"]:
            message = f"the version is {doc['version']}, not {version}; read again and decide"
            raise ApiError(412, "version_mismatch", message)


def idempotency_key(header: str | None) -> str:
    """The key, in lower case. 400 when it is missing or no UUID."""
    if not header:
        raise ApiError(400, "bad_request", "the header Idempotency-Key (a UUID) is required on POST")
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", header):
        raise ApiError(400, "bad_request", "Idempotency-Key must be a UUID")
    return str(uuid.UUID(header))


def merge(doc: Doc, changes: Json) -> None:
    """Merge-patch: null clears; `attributes` merge by key, and a null in them takes the key away."""
    for name, value in changes.items():
        if name == "attributes":
            merged = {**doc.get(name, {}), **value} if value is not None else {}
            doc[name] = {key: one for key, one in merged.items() if one is not None}
        else:
            doc[name] = value


def _path(parts: Sequence[int | str]) -> str:
    """
    >>> _path(("items", 0, "quantity"))
    'items[0].quantity'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _own(kind: str) -> str:
    """Our own codes have no underscore; pydantic's kinds of wrong type are all `type`."""
    return "type" if "_" in kind else kind


def _message(fault: Any) -> str:
    kind = str(fault["type"])
    return _MESSAGES.get(kind, str(fault["msg"]))
