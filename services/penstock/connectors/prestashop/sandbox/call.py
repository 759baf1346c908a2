"""One call of the webservice, taken apart: method, address, parameters, headers, output format, languages, shop."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from penstock.connectors.prestashop.sandbox.errors import ShopRedirect, refuse
from penstock.connectors.prestashop.sandbox.options import Options

PHP_INT_MAX = 2**63 - 1
FORMAT_HEADERS = ("io-format", "output-format")
FORMAT_PARAMS = ("output_format", "io_format")


@dataclass(slots=True)
class Call:
    """`segments`: parts of the address after `/api`. `params`: query parameters, the last of a name wins (PHP)."""

    method: str
    segments: list[str]
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes
    base: str
    raw_query: str = ""
    languages: list[int] = field(default_factory=list)
    language_text: bool = False
    id_shop: int | None = None
    warnings: int = 0

    @property
    def json(self) -> bool:
        """Header before query, and only the exact word JSON (systems/prestashop.md 1, Output format)."""
        for name in FORMAT_HEADERS:
            if name in self.headers:
                return self.headers[name] == "JSON"
        for name in FORMAT_PARAMS:
            if name in self.params:
                return self.params[name] == "JSON"
        return False

    @property
    def resource(self) -> str:
        return self.segments[0] if self.segments else ""

    @property
    def number(self) -> int | None:
        """The id in the address, cast as PHP does: `abc` is 0, `1/2` is 1. None without one."""
        return php_int(self.segments[1]) if len(self.segments) > 1 else None

    def flag(self, name: str) -> bool:
        return self.params.get(name, "") not in {"", "0"}


def php_int(text: str) -> int:
    """The leading number of a text; 0 without one.

    >>> php_int("12abc"), php_int("abc"), php_int("-3")
    (12, 0, -3)
    """
    text = text.strip()
    end = 1 if text[:1] in {"-", "+"} else 0
    while end < len(text) and text[end].isascii() and text[end].isdigit():
        end += 1
    digits = text[:end]
    if not digits.strip("+-"):
        return 0
    return max(-PHP_INT_MAX, min(PHP_INT_MAX, int(digits[:25])))


def parse_params(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def choose_languages(call: Call, known: list[int]) -> None:
    """`language=2`, `[1|2]` or `[1,3]` restricts multilingual values; none valid: 400/81."""
    given = call.params.get("language")
    call.languages = known
    if given is None:
        return
    inner = given[1:-1] if given.startswith("[") and given.endswith("]") else given
    if "|" in inner:
        wanted = [php_int(part) for part in inner.split("|")]
    elif "," in inner:
        low, high = sorted(php_int(part) for part in [*inner.split(","), "0"][:2])
        wanted = list(range(low, high + 1))
    else:
        wanted = [php_int(inner)]
    call.languages = [number for number in known if number in wanted]
    call.language_text = "|" in inner
    if not call.languages:
        raise refuse(400, 81, "This language does not exist or is not active")


def choose_shop(call: Call, options: Options, known: list[int]) -> None:
    """`id_shop`: a number of a shop or `all`; anything else never reaches the webservice."""
    given = call.params.get("id_shop")
    if given is None:
        call.id_shop = options.shop_id
        return
    if given == "all":
        call.id_shop = None
        return
    if not given.isascii() or not given.isdigit() or int(given) not in known:
        raise ShopRedirect
    call.id_shop = int(given)


def check_group(call: Call, options: Options) -> None:
    """A shop group without shops: 500/999. 1.7 knows only `id_group_shop`."""
    names = ("id_group_shop", "id_shop_group") if options.modern else ("id_group_shop",)
    for name in names:
        if name in call.params and php_int(call.params[name]) != 1:
            raise refuse(500, 999, "This shop group doesn't have shops")
