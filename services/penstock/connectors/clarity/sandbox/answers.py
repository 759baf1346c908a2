"""Answers and errors of the API (systems/clarity.md 3.6)."""

from dataclasses import dataclass, field
from typing import Any

import orjson

Json = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """`body` as it is sent; `headers` beyond those that every answer has."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    media: str = "application/json"


class ApiError(Exception):
    """A refusal. `details`: one {field, code, message} each."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: list[Json] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or []
        self.headers = headers or {}

    def shown(self, request_id: str) -> Json:
        """The value of the member `error`."""
        return {"code": self.code, "message": self.message, "requestId": request_id, "details": self.details}


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, orjson.dumps(value), headers or {})


def refusal(error: ApiError, request_id: str) -> Answer:
    return Answer(error.status, orjson.dumps({"error": error.shown(request_id)}), error.headers)


def etag(version: int) -> str:
    return f'"{version}"'


def not_found(what: str) -> ApiError:
    return ApiError(404, "not_found", f"{what} does not exist")


def detail(name: str, code: str, message: str, **more: object) -> Json:
    return {"field": name, "code": code, "message": message, **more}


def invalid(name: str, code: str, message: str) -> ApiError:
    """422 on one member of the request."""
    return ApiError(422, "validation_failed", f"{name}: {message}", [detail(name, code, message)])


def duplicate(resource: str, key: str, existing: int) -> ApiError:
    message = f"{resource} {existing} has the customKey {key!r} already"
    return ApiError(409, "duplicate_key", message, [detail("customKey", "duplicate", message, existingId=existing)])
