"""Calls that fail on demand, nothing done: every n-th one (option `fail_every`), or by a fault."""

from urllib.parse import quote

from penstock.connectors.clarity.sandbox.answers import Answer, ApiError
from penstock.connectors.clarity.sandbox.call import Call
from penstock.connectors.clarity.sandbox.limits import Limits
from penstock.connectors.clarity.sandbox.options import Options
from penstock.sandbox.faults import FaultBox

LOGIN_REDIRECT = "login_redirect"
_ERROR_PAGE = b"<!DOCTYPE html>\n<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
_HTML = "text/html; charset=utf-8"
_CODES = {"500": "internal", "502": "unavailable", "503": "unavailable", "504": "unavailable"}


class Failures:
    """Counts the calls of the API."""

    def __init__(self, options: Options, faults: FaultBox, limits: Limits) -> None:
        self._options = options
        self._faults = faults
        self._limits = limits
        self._calls = 0

    def next(self, call: Call) -> Answer | None:
        """The failure of this call, or None. ApiError for those that look like the API's own."""
        self._calls += 1
        target = f"{call.path}?{call.query}" if call.query else call.path
        if self._faults.take((LOGIN_REDIRECT,), call.method, target, call.body.decode("utf-8", "replace")) is not None:
            return _login(call)
        for kind, every in self._options.fail_every.items():
            if self._calls % every == 0:
                return self._fail(kind, call)
        return None

    def _fail(self, kind: str, call: Call) -> Answer:
        match kind:
            case "429":
                raise self._limits.refused(1)
            case "html":
                return Answer(502, _ERROR_PAGE, media=_HTML)
            case "login":
                return _login(call)
        headers = {"Retry-After": "1"} if kind == "503" else {}
        raise ApiError(int(kind), _CODES[kind], "the shop cannot answer now; try again later", headers=headers)


def _login(call: Call) -> Answer:
    page = b"<!DOCTYPE html>\n<html><body><form action=/login>Please log in</form></body></html>"
    return Answer(302, page, {"Location": f"{call.base}/login?returnUrl={quote(call.path, safe='')}"}, _HTML)
