"""Checks that several kinds of records share. Words are only made when something is wrong: that is the slow way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from penstock.records.countries import is_country, is_state
from penstock.records.money import is_currency
from penstock.rules.data.postal import OPTIONAL, POSTAL, STATE_REQUIRED
from penstock.rules.postal import postal_code
from penstock.rules.verdict import Findings, shown

Record = Mapping[str, Any]

# No order of this world is larger; a larger number is a mistake or an attack.
_MOST_DIGITS = 12
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]{1,64}@[^\s@.<>(),;:\"\[\]\\]+(?:\.[^\s@.<>(),;:\"\[\]\\]+)+")
_LONGEST_EMAIL = 254
_DAY = timedelta(days=1)
_ADDRESS_TEXTS = (
    "native_id", "company", "first_name", "last_name", "line1", "line2", "line3",
    "postal_code", "city", "state_code", "country_code", "phone", "vat_number",
)  # fmt: skip


def texts(found: Findings, record: Record, names: Sequence[str], where: str = "", limit: int = 0) -> bool:
    """Whether the named fields are absent, null, or texts of sane length without control characters."""
    limit = limit or found.policy.text_limit
    get = record.get
    try:
        joined = "".join([text for name in names if (text := get(name)) is not None])
    except TypeError:
        joined = "\0"
    if len(joined) <= limit and (joined.isprintable() or not _CONTROL.search(joined)):
        return True
    before = len(found.verdicts)
    for name in names:
        _text(found, get(name), where + name, limit)
    return len(found.verdicts) == before


def _text(found: Findings, value: Any, field: str, limit: int) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        found.refuse(
            field,
            value,
            "text",
            f"{field} is not a text but {type(value).__name__}.",
            "Correct the mapping of this field.",
        )
    elif len(value) > limit:
        found.refuse(
            field,
            value,
            "text",
            f"{field} has {len(value):,} characters; at most {limit:,} are taken.",
            "Shorten it in the source; nobody meant to write that much.",
        )
    elif control := _CONTROL.search(value):
        found.refuse(
            field,
            value,
            "text",
            f"{field} holds a character that cannot be printed: U+{ord(control[0]):04X} at {control.start() + 1}.",
            "Type the text again in the source.",
        )


def required(found: Findings, record: Record, names: Sequence[str], where: str = "") -> bool:
    """Whether the named texts are there and not blank."""
    complete = True
    for name in names:
        value = record.get(name)
        if value is None or (isinstance(value, str) and (not value or value.isspace())):
            complete = False
            found.refuse(
                where + name, value, "required", f"{where}{name} is missing.", "Correct the mapping of this field."
            )
    return complete


def amounts(
    found: Findings,
    record: Record,
    names: Sequence[str],
    where: str = "",
    *,
    optional: bool = False,
    signed: bool = True,
) -> bool:
    """Whether the named fields are finite decimals of a sane size. Not `signed`: one below zero is told too."""
    good = True
    for name in names:
        value = record.get(name)
        if type(value) is Decimal and value.adjusted() < _MOST_DIGITS and value.is_finite():
            if not signed and value.is_signed() and value < 0:
                what = f"{where}{name} is {shown(value)}: below zero."
                found.hold(where + name, value, "price", what, "Correct it in the source, or send it as a refund.")
        elif value is not None or not optional:
            good = False
            _amount(found, value, where + name)
    return good


def is_amount(value: Any) -> bool:
    """Whether it is a finite decimal of a sane size."""
    return type(value) is Decimal and value.adjusted() < _MOST_DIGITS and value.is_finite()


def _amount(found: Findings, value: Any, field: str) -> None:
    if value is None:
        found.refuse(field, value, "required", f"{field} is missing.", "Correct the mapping of this field.")
    elif not isinstance(value, Decimal):
        what = f"{field} is {shown(value)!r}, which is no exact number."
        found.refuse(field, value, "number", what, "Correct the mapping of this field.")
    else:
        what = f"{field} is {shown(value)}, which is not a number" + (" of a sane size." if value.is_finite() else ".")
        found.refuse(field, value, "number", what, "Correct the figure in the source.")


def currency(found: Findings, code: Any, field: str = "currency") -> bool:
    taken = found.policy.currencies
    if is_currency(code):
        if not taken or code in taken:
            return True
        what = f"This flow takes {', '.join(sorted(taken))}, not {code}."
        found.hold(
            field, code, "currency", what, "Add the currency to the flow (validation, currencies), or cancel the order."
        )
    else:
        what = f"{shown(code)!r} is not a currency of ISO 4217."
        found.hold(
            field, code, "currency", what, "Give the currency its three capital letters in the source, for example EUR."
        )
    return False


def email(found: Findings, text: Any, field: str) -> None:
    if text and isinstance(text, str) and (len(text) > _LONGEST_EMAIL or not _EMAIL.fullmatch(text)):
        what = f"{shown(text)!r} is not an e-mail address."
        found.hold(field, text, "email", what, "Correct the customer's e-mail in the source.")


def named(found: Findings, record: Record, where: str) -> None:
    if not (record.get("last_name") or record.get("company") or record.get("first_name") or record.get("name")):
        what = f"{where.rstrip('.')} names neither a person nor a company."
        found.hold(where + "last_name", "", "name", what, "Add the name in the source.")


def day(found: Findings, value: Any, field: str, record: Record, *, optional: bool = False) -> None:
    """A point in time (with zone, or milliseconds since 1970): not ancient, and not after the record was read."""
    if value is None and optional:
        return
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**14:
        value = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    if not isinstance(value, datetime) or value.tzinfo is None:
        found.refuse(field, value, "date", f"{field} is not a time with a zone.", "Correct the mapping of this field.")
        return
    if value < found.policy.earliest:
        what = f"{field} is {value:%Y-%m-%d}, before {found.policy.earliest:%Y-%m-%d}."
        found.hold(field, value.isoformat(), "date", what, "Correct the date in the source.")
    source = record.get("source")
    read = source.get("observed_at") if source else None
    if isinstance(read, datetime) and value - read > _DAY:
        what = f"{field} is {value:%Y-%m-%d %H:%M}, but it was read on {read:%Y-%m-%d %H:%M}: it lies in the future."
        found.hold(field, value.isoformat(), "date", what, "Set the clock and time zone of the source right.")


def address(found: Findings, record: Any, where: str) -> None:
    """An Address record (schemas/avro) as `standardise` left it."""
    if not isinstance(record, dict):
        found.refuse(where.rstrip("."), record, "required", f"{where.rstrip('.')} is missing.", "Correct the mapping.")
        return
    if not texts(found, record, _ADDRESS_TEXTS, where):
        return
    named(found, record, where)
    if not record.get("line1") or not record.get("city"):
        missing = "street" if not record.get("line1") else "city"
        what = f"{where.rstrip('.')} has no {missing}."
        found.hold(
            where + ("line1" if missing == "street" else "city"),
            "",
            "address",
            what,
            f"Add the {missing} in the source.",
        )
    country = record.get("country_code") or ""
    if not is_country(country):
        what = f"{country!r} is not a country of ISO 3166."
        found.hold(where + "country_code", country, "country", what, "Choose the country again in the source.")
        return
    taken = found.policy.countries
    if taken and country not in taken:
        what = f"This flow does not deliver to {country}, only to {', '.join(sorted(taken))}."
        remedy = "Add the country to the flow (validation, countries), or cancel the order."
        found.hold(where + "country_code", country, "country", what, remedy)
    if country in STATE_REQUIRED:
        _state(found, record.get("state_code"), country, where)
    if country in POSTAL:
        _postal_code(found, record.get("postal_code"), country, where)


def _state(found: Findings, state: str | None, country: str, where: str) -> None:
    if not state:
        what = f"An address in {country} needs a state or province."
        found.hold(where + "state_code", "", "state", what, "Choose the state in the source.")
    elif not is_state(country, state):
        what = f"{state!r} is not a state or province of {country}."
        found.hold(where + "state_code", state, "state", what, "Choose the state again in the source.")


def _postal_code(found: Findings, code: str | None, country: str, where: str) -> None:
    field, example = where + "postal_code", POSTAL[country].example
    if not code:
        if country not in OPTIONAL:
            what = f"An address in {country} needs a postal code such as {example}."
            found.hold(field, "", "postal-code", what, "Add the postal code in the source.")
    elif postal_code(country, code) is None:
        what = f"{shown(code)!r} is not a postal code of {country}; one looks like {example}."
        hint = " Perhaps a leading zero was lost." if code.isdigit() and len(code) < len(example) else ""
        found.hold(field, code, "postal-code", what, "Correct the postal code in the source." + hint)
