"""Functions that use the surroundings of a run: code tables, ids, cross-reference, rates, settings."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from penstock.mapping.env import MappingEnv
from penstock.mapping.errors import BadValue, MissingName, MissingXref, nearest
from penstock.mapping.functions.registry import function
from penstock.mapping.functions.values import kind_name, number, to_text
from penstock.mapping.rounding import CONTEXT
from penstock.records.ids import canonical_id


class _NotGiven:
    def __repr__(self) -> str:
        return "…"


_NOT_GIVEN = _NotGiven()


def code(env: MappingEnv, table: str, value: Any, default: Any = _NOT_GIVEN) -> Any:
    """What the code table says for a value. An unknown code is an error that names the table and its nearest entries,
    unless the table or this call has a default.
    """
    entries = env.tables.get(table)
    if entries is None:
        raise BadValue(f"there is no code table {table!r}{nearest(table, env.tables)}", f"add tables/{table}.yaml")
    if value is None:
        return None
    key = to_text(value)
    if default is not _NOT_GIVEN:
        return entries.entries.get(key, default)
    return entries.lookup(key)


def id_(env: MappingEnv, entity: str, native: Any) -> str | None:
    """Canonical id of another document of the same system and instance. Null, empty text and `"0"` are no reference:
    null.
    """
    if native is None:
        return None
    native_id = to_text(native)
    if native_id in env.no_reference:
        return None
    return _known_id(env.system, env.instance, entity, native_id)


_known_id = lru_cache(maxsize=1024)(canonical_id)
"""Many orders name the same products."""


def reference(env: MappingEnv, native: Any) -> str | None:
    """Our reference for a document of this instance, `<instance tag>-<native id>`: what a target searches by."""
    if native is None:
        return None
    if not env.tag:
        raise BadValue(f"the instance {env.instance!r} has no tag", "give it one in the flow's environment file")
    return f"{env.tag}-{to_text(native)}"


def order_id_of(env: MappingEnv, reference: Any) -> str | None:
    """Canonical id of the order that our reference names; null when it is not one of ours (a phone order)."""
    if reference is None:
        return None
    tag, dash, native = to_text(reference).strip().partition("-")
    known = env.instances.get(tag)
    if known is None or not dash or not native:
        return None
    system, instance = known
    return canonical_id(system, instance, "order", native)


def xref(env: MappingEnv, entity: str, canonical: Any) -> str | None:
    """The target's own id of a canonical document. Not there yet: the document waits, unless `optional()` or
    `default()` is around it. Not for to-canonical mappings.
    """
    if canonical is None:
        return None
    canonical_text = to_text(canonical)
    native = env.xref(entity, canonical_text)
    if native is None:
        raise MissingXref(entity, canonical_text)
    return native


def convert(env: MappingEnv, amount: Any, from_currency: Any, to_currency: Any, date: Any) -> Any:
    """An amount in another currency, by the latest rate of the flow on or before the day, rounded as the rates file
    declares. Equal currencies: exactly as it is.
    """
    if amount is None:
        return None
    if env.rates is None:
        raise BadValue("this flow has no rates", "add rates.yaml to the flow")
    return env.rates.convert(
        CONTEXT.create_decimal(number(amount)), to_text(from_currency), to_text(to_currency), _day(date)
    )


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise BadValue(f"{kind_name(value)} is not the day of a rate", "give a timestamp or date_only(…)", value=value)


def address(env: MappingEnv, *parts: Any, **fields: Any) -> Any:
    """A standardised address, by the address rules of the flow. Takes what the connector's README says."""
    return env.address(*parts, **fields)


def match_key(env: MappingEnv, *parts: Any, **fields: Any) -> Any:
    """The keyed hash by which the same customer is known again: of the e-mail, else of name and postal code."""
    return env.match_key(*parts, **fields)


def setting(env: MappingEnv, name: str) -> Any:
    """A setting of the flow or instance, by its name. Missing: an error, unless `default()` is around it."""
    if name not in env.settings:
        raise MissingName(f"there is no setting {name!r}{nearest(name, env.settings)}", "add it to the flow", path=name)
    return env.settings[name]


def policy(env: MappingEnv, name: str) -> Any:
    """What a policy of the flow says for this record, by its dotted name. Not for to-canonical mappings."""
    if name not in env.policies:
        raise BadValue(f"there is no policy {name!r}{nearest(name, env.policies)}", "see docs/flow.md")
    return env.policies[name]


_CONTEXT = "Tables, ids and settings"
FUNCTIONS = (
    function(
        code,
        group=_CONTEXT,
        kinds="text, any, any -> any",
        needs_env=True,
        examples={'code("order-status", "3")': '"processing"', 'code("order-status", 99, default="other")': '"other"'},
    ),
    function(
        id_,
        group=_CONTEXT,
        kinds="text, any -> text",
        needs_env=True,
        examples={'id("customer", "0")': "null", 'length(id("customer", 12))': "36"},
    ),
    function(reference, group=_CONTEXT, kinds="any -> text", needs_env=True, examples={"reference(41)": '"PS1-41"'}),
    function(
        order_id_of,
        group=_CONTEXT,
        kinds="text -> text",
        needs_env=True,
        examples={'order_id_of("PS1-41") == id("order", 41)': "true", 'order_id_of("by phone")': "null"},
    ),
    function(xref, group=_CONTEXT, kinds="text, text -> text", needs_env=True),
    function(convert, group=_CONTEXT, kinds="number, text, text, any -> decimal", needs_env=True),
    function(address, group=_CONTEXT, kinds="any, any -> object", needs_env=True),
    function(match_key, group=_CONTEXT, kinds="any, any -> text", needs_env=True),
    function(setting, group=_CONTEXT, kinds="text -> any", needs_env=True, examples={'setting("warehouse")': '"MAIN"'}),
    function(policy, group=_CONTEXT, kinds="text -> any", needs_env=True, examples={'policy("tax")': '"header"'}),
)
