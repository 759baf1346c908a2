"""What the facade refuses, and how it says so (systems/sage100.md 5.5)."""

import orjson
from starlette.responses import Response

_STATUS = {
    "BAD_REQUEST": 400,
    "CI_CharLength": 400,
    "WS_InvalidLogon": 401,
    "WS_NoAccess": 403,
    "CI_NoKey": 404,
    "WS_AlreadyExists": 409,
    "IDEMPOTENCY_MISMATCH": 409,
    "CI_NOF": 422,
    "AR_CreditLimit": 422,
    "AR_CreditHold": 422,
    "AR_InactiveCustomer": 422,
    "CI_InactiveItem": 422,
    "SO_OrderClosed": 422,
    "RECORD_LOCKED": 423,
    "RATE_LIMITED": 429,
    "NO_LICENSE_SEAT": 503,
    "EXCLUSIVE_MODE": 503,
}
_RETRYABLE = frozenset({"RECORD_LOCKED", "RATE_LIMITED", "NO_LICENSE_SEAT", "EXCLUSIVE_MODE"})


class RefusedError(Exception):
    """The facade's no. `line` counts the lines of the request from 1; `extra` is added to the error body."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        business: str | None = None,
        column: str | None = None,
        value: object = None,
        line: int | None = None,
        status: int | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.business = business
        self.column = column
        self.value = value
        self.line = line
        self.status = status or _STATUS[code]
        self.headers = headers or {}
        self.extra = extra or {}

    def response(self) -> Response:
        """The HTTP answer."""
        error = {
            "code": self.code,
            "message": str(self),
            "businessObject": self.business,
            "column": self.column,
            "value": self.value,
            "line": self.line,
            "returnCode": 0,
            "retryable": self.code in _RETRYABLE,
            **self.extra,
        }
        return reply({"error": error}, self.status, self.headers)


def bad_request(message: str, column: str | None = None, value: object = None) -> RefusedError:
    """A 400 that belongs to no business object: the request itself is wrong."""
    return RefusedError("BAD_REQUEST", message, column=column, value=value)


def not_on_file(business: str, column: str, value: str, line: int | None = None) -> RefusedError:
    """A value that names something unknown."""
    message = f"The {column} {value} is not on file."
    return RefusedError("CI_NOF", message, business=business, column=column, value=value, line=line)


def reply(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, media_type="application/json")
