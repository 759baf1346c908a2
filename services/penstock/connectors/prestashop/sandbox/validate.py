"""Validation of a value about to be stored, by kind: PrestaShop's class Validate in short (error 85)."""

import re
from collections.abc import Callable

from penstock.connectors.prestashop.sandbox.schema import Field

INT_MAX = 2**31 - 1
WHOLE = re.compile(r"-?[0-9]+")
UNSIGNED = re.compile(r"[0-9]+")
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?")
EMAIL = re.compile(r"[^@\s<>()\[\],;:\\\"]+@[^@\s.]+(\.[^@\s.]+)+")


def _whole(value: str) -> bool:
    return WHOLE.fullmatch(value) is not None and -INT_MAX - 1 <= int(value) <= INT_MAX


def _unsigned(value: str) -> bool:
    return UNSIGNED.fullmatch(value) is not None and int(value) <= 2 * INT_MAX + 1


def _without(characters: str) -> Callable[[str], bool]:
    return frozenset(characters).isdisjoint


def _price(value: str) -> bool:
    return DECIMAL.fullmatch(value) is not None and not value.startswith("-") and len(value.partition(".")[0]) <= 10


CHECKS: dict[str, Callable[[str], bool]] = {
    "id": _unsigned,
    "uint": _unsigned,
    "int": _whole,
    "bool": lambda value: value in {"0", "1", "true", "false"},
    "price": _price,
    "negprice": lambda value: _price(value.removeprefix("-")),
    "rate": _price,
    "money2": _price,
    "date": lambda value: DATE.fullmatch(value) is not None,
    "datetime": lambda value: DATETIME.fullmatch(value) is not None,
    "name": _without('0123456789!<>,;?=+()@#"°{}_$%:¤|'),
    "generic": _without("<>={}"),
    "address": _without("!<>?=+@{}_$%"),
    "city": _without('!<>;?=+@#"°{}_$%'),
    "postcode": lambda value: re.fullmatch(r"[a-zA-Z 0-9-]+", value) is not None,
    "phone": lambda value: re.fullmatch(r"[+0-9. ()/-]*", value) is not None,
    "email": lambda value: EMAIL.fullmatch(value) is not None,
    "tracking": _without("<>{}"),
    "module": lambda value: re.fullmatch(r"[a-zA-Z0-9_-]+", value) is not None,
}


def problem(class_name: str, item: Field, value: str | None) -> str | None:
    """What is wrong with a value, or None. An optional empty value is always right; `value` is the text sent."""
    if value is None or value == "":
        return f"Property {class_name}->{item.name} is empty" if item.required else None
    if item.size is not None and len(value) > item.size:
        return f"Property {class_name}->{item.name} length ({len(value)}) must be between 0 and {item.size}"
    check = CHECKS.get(item.kind)
    # PHP's empty("0") skips the check, and "0" is right for every kind that can hold it.
    if value == "0" or check is None or check(value):
        return None
    return f"Property {class_name}->{item.name} is not valid"
