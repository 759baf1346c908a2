"""Errors of the webservice: code, HTTP status and text (systems/prestashop.md 4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class ApiError:
    status: int
    code: int
    message: str


class Refused(Exception):  # noqa: N818 - what the webservice does, in its own words
    """The request ends with these errors; the last one sets the HTTP status."""

    def __init__(self, *errors: ApiError, entity: object = None) -> None:
        super().__init__("; ".join(f"{error.code} {error.message}" for error in errors))
        self.errors = list(errors)
        self.entity = entity


class PhpFatal(Exception):  # noqa: N818
    """A PHP fatal: 500 with zero bytes and none of the usual headers; 1.7 prints a line of text (`text`)."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


class ShopRedirect(Exception):  # noqa: N818
    """A shop that does not exist: redirect to the front page, before the webservice is reached."""


class BareAnswer(Exception):  # noqa: N818
    """An answer outside the webservice: status and text, no document."""

    def __init__(self, status: int, text: str, headers: dict[str, str]) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


def refuse(status: int, code: int, message: str) -> Refused:
    return Refused(ApiError(status, code, message))


def php_warning(*, old: bool) -> ApiError:
    """One PHP warning (PHP 8) or notice (PHP 7) turned into an error."""
    if old:
        return ApiError(500, 5, "[PHP Notice #8] Undefined index (classes/webservice/WebserviceRequest.php, line 1250)")
    text = "Trying to access array offset on value of type bool (classes/webservice/WebserviceRequest.php, line 1250)"
    return ApiError(500, 3, f"[PHP Warning #2] {text}")


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The tail of the messages about unknown names: the nearest, and the full list."""
    names = list(known)
    near = get_close_matches(wrong, names, n=1, cutoff=0.0)
    guess = f'Did you mean: "{near[0]}"? ' if near else ""
    return f'{guess}The full list is: "{", ".join(names)}"'
